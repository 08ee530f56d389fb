//! What came from the network for `load_data(url=…)`. Rendering only looks it up: a request
//! without an answer is a need, which the shell meets (invariant 3).

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

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
    /// Which were asked for: those alone are worth keeping. Nothing is rendered from it.
    asked: Mutex<BTreeSet<Request>>,
}

impl Answers {
    /// The answer to a request; none where it is not at hand yet.
    pub fn get(&self, request: &Request) -> Option<&Answer> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(request.clone());
        self.map.get(request)
    }

    /// These and more.
    pub fn with(&self, more: BTreeMap<Request, Answer>) -> Self {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut map = self.map.clone();
        map.extend(more);
        Self {
            map,
            asked: Mutex::new(asked.clone()),
        }
    }

    /// The texts; only those that were asked for, unless `all`.
    pub fn texts(&self, all: bool) -> BTreeMap<Request, Arc<str>> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let good = self.map.iter().filter_map(|(request, answer)| {
            let kept = all || asked.contains(request);
            answer
                .as_ref()
                .ok()
                .filter(|_| kept)
                .map(|text| (request.clone(), text.clone()))
        });
        good.collect()
    }
}
