//! CloudFront's CreateInvalidation, as in its API reference: a reference that was used before is
//! the same invalidation, or an error where the batch is another.

use crate::s3::{error, xml_answer};
use crate::wire::{Request, Response};
use std::collections::BTreeMap;

/// Where requests to it start; no bucket is called so.
pub const PATH: &str = "2020-05-31/distribution/";

#[derive(Default)]
pub struct CloudFront {
    batches: BTreeMap<String, Vec<String>>,
}

impl CloudFront {
    /// The answer, and the paths if this is a new invalidation.
    pub fn answer(&mut self, request: &Request) -> (Response, Option<Vec<String>>) {
        let text = String::from_utf8(request.body.clone()).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let texts = |name: &str| -> Vec<String> {
            let nodes = document.descendants();
            let named = nodes.filter(|node| node.tag_name().name() == name);
            named
                .filter_map(|node| node.text().map(str::to_owned))
                .collect()
        };
        let paths = texts("Path");
        let reference = texts("CallerReference").remove(0);
        let quantity: usize = texts("Quantity")[0].parse().unwrap();
        if quantity != paths.len() || paths.is_empty() {
            return (error(400, "InconsistentQuantities"), None);
        }
        match self.batches.get(&reference) {
            Some(known) if *known != paths => (error(400, "InvalidationBatchAlreadyExists"), None),
            Some(_) => (created(&reference), None),
            None => {
                self.batches.insert(reference.clone(), paths.clone());
                (created(&reference), Some(paths))
            }
        }
    }
}

fn created(reference: &str) -> Response {
    xml_answer(
        201,
        format!(
            "<Invalidation><Id>{reference}</Id><Status>InProgress</Status>\
             <CreateTime>2026-01-02T03:04:05Z</CreateTime></Invalidation>"
        ),
    )
}
