//! What is read, as a short text.

use super::*;

/// `page{lower{title} tags[]} f(path="a")[:10]`: variables, then calls.
pub fn printed(reads: &Reads) -> String {
    let Reads {
        context: Some(context),
        calls: Some(calls),
        ..
    } = reads
    else {
        return match &reads.calls {
            Some(_) => "context".to_owned(),
            None => "everything".to_owned(),
        };
    };
    let variables = context.iter();
    let variables = variables.map(|(name, shape)| format!("{name}{shape}"));
    let all: Vec<String> = variables.chain(calls.iter().map(Call::to_string)).collect();
    all.join(" ")
}
