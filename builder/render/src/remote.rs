//! What came from the network for `load_data(url=…)`. Rendering only looks it up: a request
//! without an answer is a need, which the shell meets (invariant 3).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a template asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Request {
    /// In its normal form, without fragment; its host is an allowed one.
    pub url: String,
    /// How.
    pub method: Method,
    /// Names in lower case, and values, in the order of the template.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<String>,
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// The text that came, or why there is none.
pub type Answer = Result<Arc<str>, String>;

/// The answers that are at hand.
#[derive(Debug, Default)]
pub struct Answers {
    map: BTreeMap<Request, Answer>,
}

impl Answers {
    /// The answer to a request; none where it is not at hand yet.
    pub fn get(&self, request: &Request) -> Option<&Answer> {
        self.map.get(request)
    }

    /// These and more.
    pub fn with(&self, more: BTreeMap<Request, Answer>) -> Self {
        let mut map = self.map.clone();
        map.extend(more);
        Self { map }
    }

    /// The texts that came for the requests of which something is true.
    pub fn texts(&self, is_wanted: impl Fn(&Request) -> bool) -> BTreeMap<Request, Arc<str>> {
        let wanted = self.map.iter().filter(|(request, _)| is_wanted(request));
        let good = wanted.filter_map(|(request, answer)| {
            let text = answer.as_ref().ok()?;
            Some((request.clone(), text.clone()))
        });
        good.collect()
    }
}
