//! What is read, as a short text.

use super::*;

/// `page{lower{title} tags[]} f(path="a")[:10]`: a name alone is read whole, `?` only looked at,
/// `[]` are all values of a list, `[:3]` the first ones, `#` is how many there are.
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
    let variables = context
        .iter()
        .map(|(name, shape)| format!("{name}{}", of(shape)));
    let calls = calls.iter().map(|call| {
        let literals: Vec<String> = call
            .literals
            .iter()
            .map(|(name, text)| format!("{name}={text:?}"))
            .collect();
        format!(
            "{}({}){}",
            call.function,
            literals.join(" "),
            of(&call.shape)
        )
    });
    variables.chain(calls).collect::<Vec<_>>().join(" ")
}

fn of(shape: &Shape) -> String {
    let Shape::Parts(parts) = shape else {
        return String::new();
    };
    if *parts == Parts::default() {
        return "?".to_owned();
    }
    let mut out = String::new();
    if !parts.fields.is_empty() {
        let fields = parts.fields.iter();
        let fields: Vec<String> = fields
            .map(|(name, shape)| format!("{name}{}", of(shape)))
            .collect();
        out = format!("{{{}}}", fields.join(" "));
    }
    if let Some(items) = &parts.items {
        out += &match items.first {
            Some(first) => format!("[:{first}]"),
            None => "[]".to_owned(),
        };
        out += &of(&items.shape);
    }
    if parts.length {
        out.push('#');
    }
    out
}
