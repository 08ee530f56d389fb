//! Code blocks, and the options that stand with them.

use super::calls::Call;
use crate::migrate::findings::Findings;

pub fn highlight(call: &Call, inner: &str) -> String {
    let language = call.get("lang", 0).unwrap_or_default();
    let options = call.get("options", 1).unwrap_or_default();
    let longest = inner.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let code = inner.trim_matches('\n');
    format!(
        "{fence}{language}{}\n{code}\n{fence}",
        fence_options(options)
    )
}

/// `linenos=table,hl_lines=[8,"15-17"],linenostart=199` as a fence has it.
fn fence_options(options: &str) -> String {
    let mut out = String::new();
    let mut rest = options.trim();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            break;
        };
        let value = value.trim_start();
        let length = match value.chars().next() {
            Some('[') => value.find(']').map_or(value.len(), |end| end + 1),
            Some(quote @ ('"' | '\'')) => value[1..].find(quote).map_or(value.len(), |end| end + 2),
            _ => value.find([',', ' ']).unwrap_or(value.len()),
        };
        let (value, after) = value.split_at(length);
        rest = after.trim_start_matches([',', ' ']);
        let plain = value
            .trim_matches(['[', ']', '"', '\''])
            .replace(['"', '\''], "");
        match name.trim().to_lowercase().as_str() {
            "linenos" if plain != "false" => out.push_str(",linenos"),
            "linenostart" => out.push_str(&format!(",linenostart={plain}")),
            "hl_lines" => {
                let lines: Vec<&str> = plain
                    .split([',', ' '])
                    .filter(|part| !part.is_empty())
                    .collect();
                out.push_str(&format!(",hl_lines={}", lines.join(" ")));
            }
            _ => {}
        }
    }
    out
}

/// Fences with options in braces: `` ```go {linenos=true} ``.
pub fn fences(text: &str, findings: &mut Findings) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let is_fence = trimmed.starts_with("```") || trimmed.starts_with("~~~");
        let braces = line
            .find('{')
            .zip(line.rfind('}'))
            .filter(|(open, close)| open < close);
        match braces {
            Some((open, close))
                if is_fence
                    && line[open..close].contains('=')
                    && !line[open..].starts_with("{{") =>
            {
                let options = fence_options(&line[open + 1..close]);
                let head = line[..open].trim_end();
                let end = if line.ends_with('\n') { "\n" } else { "" };
                out.push_str(&format!("{head}{options}{end}"));
                findings.changed("options of code blocks");
            }
            _ => out.push_str(line),
        }
    }
    out
}
