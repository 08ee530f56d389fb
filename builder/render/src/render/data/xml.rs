//! XML as nested maps: attributes are `@name`, text beside them is `#text`, elements of one name
//! are a list, an element without anything is an empty map (held by the cases).

use roxmltree::{Document, Node};
use tera::{Map, Value};

use std::collections::HashMap;

/// Elements are nested this deep at most.
const MAX_DEPTH: usize = 200;

/// A map with one entry, the root element.
///
/// # Errors
/// Not XML, a document type definition (which could ask for other files), nested too deep, or too
/// many attributes.
pub fn parse(text: &str) -> Result<Value, String> {
    quillfront_images::xml::check(text)?;
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    let value = element(root, MAX_DEPTH)?;
    Ok(Value::from(Map::from_iter([(
        root.tag_name().name().to_owned().into(),
        value,
    )])))
}

fn element(node: Node<'_, '_>, depth: usize) -> Result<Value, String> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
    };
    let text: String = node
        .children()
        .filter_map(|child| child.text().filter(|_| child.is_text()))
        .collect();
    let text = text.trim();
    let mut entries: Vec<(String, Vec<Value>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for attribute in node.attributes() {
        entries.push((
            format!("@{}", attribute.name()),
            vec![scalar(attribute.value())],
        ));
    }
    for child in node.children().filter(Node::is_element) {
        let value = element(child, deeper)?;
        let name = child.tag_name().name();
        let place = *places.entry(name).or_insert(entries.len());
        match entries.get_mut(place) {
            Some((_, values)) => values.push(value),
            None => entries.push((name.to_owned(), vec![value])),
        }
    }
    if entries.is_empty() && !text.is_empty() {
        return Ok(scalar(text));
    }
    if !text.is_empty() {
        entries.push(("#text".to_owned(), vec![scalar(text)]));
    }
    let one_or_all = |mut values: Vec<Value>| match values.len() {
        1 => values.remove(0),
        _ => Value::from(values),
    };
    let map: Map = entries
        .into_iter()
        .map(|(name, values)| (name.into(), one_or_all(values)))
        .collect();
    Ok(map.into())
}

/// Numbers and truth values are taken as such.
fn scalar(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => return Value::from(number),
        _ => {}
    }
    match text {
        "true" => Value::from(true),
        "false" => Value::from(false),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_become_maps_and_lists() {
        let text = "<shed built='1998'><tool kind='long'>rake &amp; co</tool><tool>hoe</tool><jar>7.5</jar><empty/></shed>";
        assert_eq!(
            parse(text).unwrap().to_string(),
            r##"{"shed": {"@built": 1998, "tool": [{"@kind": "long", "#text": "rake & co"}, "hoe"], "jar": 7.5, "empty": {}}}"##
        );
    }

    #[test]
    fn hostile_xml_is_an_error() {
        assert!(parse("<!DOCTYPE a [<!ENTITY b SYSTEM '/etc/passwd'>]><a>&b;</a>").is_err());
        assert!(parse(&format!("{}{}", "<a>".repeat(500), "</a>".repeat(500))).is_err());
        assert!(parse("<a>").is_err());
    }
}
