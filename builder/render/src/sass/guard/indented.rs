//! The indented syntax, line by line.

use super::code::code;
use super::count::{
    MAX_SELECTORS, MAX_SELECTORS_IN_FILE, note_outside, note_selectors, too_many_selectors,
    used_too_often,
};
use super::{
    Guarded, MAX_NESTING, MAX_WORDS, Refusal, extend_call, in_name, is_operator, named, repeats,
    size_call, step_call, too_deep, too_long,
};

/// Checks a text and puts the calls in.
pub(super) fn guard(text: &str) -> Result<Guarded, Refusal> {
    let mut guarded = Guarded {
        text: String::with_capacity(text.len()),
        inserted: Vec::new(),
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // A comment ends with its line here, or with what is indented farther than it.
    let codes: Vec<String> = lines.iter().map(|line| code(line)).collect();
    if !note_outside(named(&codes.concat())) {
        return Err((1, used_too_often()));
    }
    let mut levels: Vec<usize> = Vec::new();
    // Of each level how many selectors are around it.
    let mut selectors: Vec<usize> = Vec::new();
    let mut all_selectors = 0_usize;
    let mut header: Option<(usize, String)> = None;
    let mut comment = None;
    let mut out_line = 0;
    for (number, line) in lines.iter().copied().enumerate() {
        let written = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - written.len();
        let blank = written.trim().is_empty();
        let code = codes[number][indent..].trim_end();
        if !blank && comment.is_some_and(|at| indent <= at) {
            comment = None;
        }
        if !blank && comment.is_none() {
            if let Some((at, text)) = header.take()
                && indent > at
            {
                let body = body(&lines[number..], &codes[number..], at);
                guarded.put(
                    &mut out_line,
                    &line[..indent],
                    &step_call(&text, &body, at > 0),
                );
            }
            while levels.last().is_some_and(|level| *level >= indent) {
                levels.pop();
                selectors.pop();
            }
            levels.push(indent);
            let around = selectors.last().copied().unwrap_or(1);
            let next = lines[number + 1..]
                .iter()
                .find(|line| !line.trim().is_empty());
            let opens = next.is_some_and(|line| {
                line.len() - line.trim_start_matches([' ', '\t']).len() > indent
            });
            selectors.push(match code {
                _ if code.starts_with('=') || code.starts_with("@mixin") => 1,
                _ if !opens || code.is_empty() || code.starts_with(['@', '$', '+']) => around,
                _ => {
                    note_selectors(code);
                    let list = code.split(',').map(|selector| {
                        let parents = selector.matches('&').count().max(1);
                        around.saturating_pow(u32::try_from(parents).unwrap_or(u32::MAX))
                    });
                    list.fold(0, usize::saturating_add)
                }
            });
            let count = selectors.last().copied().unwrap_or(1);
            all_selectors = all_selectors.saturating_add(count);
            if count > MAX_SELECTORS || all_selectors > MAX_SELECTORS_IN_FILE {
                return Err((number as u32 + 1, too_many_selectors()));
            }
            check_line(code, levels.len(), number)?;
            if written.starts_with("//") || written.starts_with("/*") {
                comment = Some(indent);
            } else if let Some(mixin) = code.strip_prefix('=') {
                header = Some((indent, format!("@mixin {mixin}")));
            } else if let Some(mixin) = code.strip_prefix('+') {
                header = Some((indent, format!("@include {mixin}")));
            } else if code.strip_prefix('@').is_some_and(is_header) {
                header = Some((indent, code.to_owned()));
            }
        }
        guarded.text.push_str(line);
        out_line += 1;
        if !blank
            && comment.is_none()
            && let Some(call) = size_call(code).or_else(|| extend_call(code))
        {
            if !line.ends_with('\n') {
                guarded.text.push('\n');
            }
            guarded.put(&mut out_line, &line[..indent], &call);
        }
    }
    // A comment that is still open at the end of the text would keep `grass` looking for ever.
    guarded.text.push_str("\n\n");
    Ok(guarded)
}

impl Guarded {
    /// Puts a line in.
    fn put(&mut self, line: &mut usize, indent: &str, call: &str) {
        self.text.push_str(indent);
        self.text.push_str(call);
        self.text.push('\n');
        self.inserted.push((*line, 0, 0));
        *line += 1;
    }
}

/// The code of the lines that are indented farther than a header.
fn body(lines: &[&str], codes: &[String], header: usize) -> String {
    let inside = lines.iter().zip(codes).take_while(|(line, _)| {
        let code = line.trim_start_matches([' ', '\t']);
        code.trim().is_empty() || line.len() - code.len() > header
    });
    inside.map(|(_, code)| code.as_str()).collect()
}

fn is_header(rule: &str) -> bool {
    let end = rule.find(|c: char| !c.is_ascii_alphabetic());
    repeats(&rule[..end.unwrap_or(rule.len())])
}

fn check_line(code: &str, levels: usize, number: usize) -> Result<(), Refusal> {
    let (mut open, mut words) = (Vec::new(), 0);
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => open.push(words),
            b')' | b']' | b'}' => {
                if let Some(before) = open.pop() {
                    words = before + 1;
                }
            }
            // The entries of a list in brackets are parsed one after another, in no depth.
            b',' if !open.is_empty() => words = open.last().map_or(0, |before: &usize| before + 1),
            b' ' | b',' => words += 1,
            b'-' if in_name(code, at) => {}
            _ if is_operator(byte) && at > 0 => words += 1,
            _ => {}
        }
        if levels + open.len() > MAX_NESTING {
            return Err(too_deep(number));
        }
        if words > MAX_WORDS {
            return Err(too_long(number));
        }
    }
    Ok(())
}
