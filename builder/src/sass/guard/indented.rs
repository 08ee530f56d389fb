//! The indented syntax, line by line.

use super::{
    Guarded, MAX_NESTING, MAX_SELECTORS, MAX_SELECTORS_IN_FILE, MAX_WORDS, Refusal, extend_call,
    is_operator, named, note_outside, note_selectors, repeats, size_call, step_call, too_deep,
    too_long,
};

/// Checks a text and puts the calls in.
pub(super) fn guard(text: &str) -> Result<Guarded, Refusal> {
    let mut guarded = Guarded {
        text: String::with_capacity(text.len()),
        inserted: Vec::new(),
    };
    note_outside(named(text));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut levels: Vec<usize> = Vec::new();
    // Of each level how many selectors are around it.
    let mut selectors: Vec<usize> = Vec::new();
    let mut all_selectors = 0_usize;
    let mut header: Option<(usize, String)> = None;
    let mut comment = None;
    let mut out_line = 0;
    for (number, line) in lines.iter().copied().enumerate() {
        let code = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - code.len();
        let blank = code.trim().is_empty();
        if !blank && comment.is_some_and(|at| indent <= at) {
            comment = None;
        }
        if !blank && comment.is_none() {
            if let Some((at, text)) = header.take()
                && indent > at
            {
                let body = body(&lines[number..], at);
                guarded.put(&mut out_line, &line[..indent], &step_call(&text, &body));
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
                _ if !opens || code.starts_with(['@', '$', '+', '/']) => around,
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
                return Err((number as u32 + 1, super::too_many_selectors()));
            }
            check_line(code, levels.len(), number)?;
            if code.starts_with("//") || code.starts_with("/*") {
                comment = Some(indent);
            } else if code.starts_with('=') || code.strip_prefix('@').is_some_and(is_header) {
                let code = code.trim_end();
                let text = match code.strip_prefix('=') {
                    Some(mixin) => format!("@mixin {mixin}"),
                    None => code.to_owned(),
                };
                header = Some((indent, text));
            }
        }
        guarded.text.push_str(line);
        out_line += 1;
        let statement = code.trim_end();
        if !blank
            && comment.is_none()
            && let Some(call) = size_call(statement).or_else(|| extend_call(statement))
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

/// The lines that are indented farther than a header.
fn body(lines: &[&str], header: usize) -> String {
    let inside = lines.iter().take_while(|line| {
        let code = line.trim_start_matches([' ', '\t']);
        code.trim().is_empty() || line.len() - code.len() > header
    });
    inside.copied().collect()
}

fn is_header(rule: &str) -> bool {
    let end = rule.find(|c: char| !c.is_ascii_alphabetic());
    repeats(&rule[..end.unwrap_or(rule.len())])
}

fn check_line(code: &str, levels: usize, number: usize) -> Result<(), Refusal> {
    let (mut depth, mut words) = (levels, 0);
    let mut quote = None;
    for (at, byte) in code.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (_, b'(' | b'[' | b'{') => depth += 1,
            (_, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b' ' | b',') => words += 1,
            (None, _) if is_operator(byte) && at > 0 => words += 1,
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(too_deep(number));
        }
    }
    if words > MAX_WORDS {
        return Err(too_long(number));
    }
    Ok(())
}
