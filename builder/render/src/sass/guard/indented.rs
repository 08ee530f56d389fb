//! The indented syntax, line by line.

use super::braces::holes;
use super::code::code;
use super::count::{note_comparisons, note_file, note_prefix};
use super::extend::{self, note_selectors};
use super::names::{check, has_prefix, module};
use super::selectors::{MAX_SELECTORS, MAX_SELECTORS_IN_FILE, too_many_selectors};
use super::{
    CALL, Guarded, IMPORT, MAX_NESTING, MAX_WORDS, OWN_SELECTOR_MODULE, Refusal, SELECT,
    SELECTOR_MODULE, Syntax, Text, extend_call, file_call, in_name, is_operator,
    may_call_selectors, repeats, selectors, size_call, step_call, text_of, too_deep, too_long,
    written,
};

/// Checks a text and puts the calls in.
pub(super) fn guard(text: &str, with_own_files: bool) -> Result<Guarded, Refusal> {
    let lines = lines_of(text);
    let whole: String = lines.iter().map(|line| line.masked.as_str()).collect();
    check(text, &whole, Syntax::Indented)?;
    if has_prefix(&whole, Syntax::Indented) {
        note_prefix();
    }
    let mut guarded = Guarded::with_capacity(text.len());
    let imports = with_own_files && may_call_selectors(text, &whole);
    let import_at = imports.then(|| prelude_end(&lines));
    let mut levels: Vec<usize> = Vec::new();
    // Of each level how many selectors are around it.
    let mut around_levels: Vec<usize> = Vec::new();
    let (mut all_selectors, mut compared) = (0_usize, 0_usize);
    let mut header: Option<(usize, String)> = None;
    let mut out_line = 0;
    // The list of selectors at hand, as far as it is read, and what is put into its lines.
    let (mut list, mut select) = (String::new(), None);
    for (number, line) in lines.iter().enumerate() {
        let indent = &line.text[..line.indent];
        if import_at == Some(number) {
            guarded.put(&mut out_line, "", IMPORT);
        }
        if line.is_code() {
            let code = line.code();
            if let Some((at, text)) = header.take()
                && line.indent > at
            {
                let body = inside(&lines[number..], at);
                let call = step_call(&text, text_of_lines(body), at > 0);
                guarded.put(&mut out_line, indent, &call);
            }
            while levels.last().is_some_and(|level| *level >= line.indent) {
                levels.pop();
                around_levels.pop();
            }
            levels.push(line.indent);
            let around = around_levels.last().copied().unwrap_or(1);
            if !line.continues {
                list.clear();
                let rule = rule_at(&lines[number..]);
                select = rule.as_deref().and_then(written);
                if let (Some((parents @ 2.., all)), Some(rule)) = (select, &rule)
                    && holes(rule).is_empty()
                {
                    let call = format!("{CALL}{SELECT}({parents},{all},&,null)");
                    guarded.put(&mut out_line, indent, &call);
                }
            }
            list.push_str(code);
            let own = match code {
                _ if code.starts_with('=') || code.starts_with("@mixin") => 1,
                _ if is_plain(code) || !opens(&lines[number..]) => around,
                _ => {
                    note_selectors(&list);
                    let own = selectors(&list, around);
                    all_selectors = all_selectors.saturating_add(own);
                    own
                }
            };
            around_levels.push(own);
            if own > MAX_SELECTORS || all_selectors > MAX_SELECTORS_IN_FILE {
                return Err((number as u32 + 1, too_many_selectors()));
            }
            compared = compared.saturating_add(check_line(code, levels.len(), number)?);
            if let Some(call) = extend_call(code) {
                guarded.put(&mut out_line, indent, &call);
            }
            if let Some(mixin) = code.strip_prefix('=') {
                header = Some((line.indent, format!("@mixin {mixin}")));
            } else if let Some(mixin) = code.strip_prefix('+') {
                header = Some((line.indent, format!("@include {mixin}")));
            } else if code.strip_prefix('@').is_some_and(is_header) {
                header = Some((line.indent, code.to_owned()));
            }
        }
        guarded.copy(out_line, line, select, with_own_files);
        out_line += 1;
        if line.is_code()
            && let Some(call) = size_call(line.code())
        {
            if !line.text.ends_with('\n') {
                guarded.text.push('\n');
            }
            guarded.put(&mut out_line, indent, &call);
        }
    }
    note_comparisons(compared).map_err(|message| (1, message))?;
    extend::check().map_err(|message| (1, message))?;
    let file = text_of_lines(&lines);
    guarded.emitted = file.emitted;
    let file = note_file(file).map_err(|message| (1, message))?;
    // A comment that is still open at the end of the text would keep `grass` looking for ever.
    guarded.text.push_str("\n\n");
    guarded.text.push_str(&file_call(file));
    guarded.text.push('\n');
    Ok(guarded)
}

/// One line of a text.
struct Line<'a> {
    /// With its end.
    text: &'a str,
    /// The same without what only looks like code.
    masked: String,
    /// How far it is indented.
    indent: usize,
    /// True where it goes on with the list of the line before.
    continues: bool,
    is_comment: bool,
}

impl Line<'_> {
    fn is_code(&self) -> bool {
        !self.is_comment && !self.text.trim().is_empty()
    }

    fn code(&self) -> &str {
        self.masked[self.indent..].trim_end()
    }
}

fn lines_of(text: &str) -> Vec<Line<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines: Vec<Line> = Vec::new();
    // How far the comment is indented that a line may be in: it ends with what is indented less.
    let mut comment = None;
    let mut is_list = false;
    for text in text.split_inclusive('\n') {
        let written = text.trim_start_matches([' ', '\t']);
        let mut line = Line {
            text,
            masked: code(text),
            indent: text.len() - written.len(),
            continues: false,
            is_comment: false,
        };
        if !written.trim().is_empty() {
            if comment.is_some_and(|at| line.indent <= at) {
                comment = None;
            }
            let begins = written.starts_with("//") || written.starts_with("/*");
            line.is_comment = comment.is_some() || (begins && line.code().trim().is_empty());
            if begins && comment.is_none() {
                comment = Some(line.indent);
            }
        }
        if line.is_code() {
            line.continues = is_list;
            is_list = !is_plain(line.code()) && line.code().ends_with(',');
        }
        lines.push(line);
    }
    lines
}

/// True for what begins no selector.
fn is_plain(code: &str) -> bool {
    code.trim().is_empty() || code.starts_with(['@', '$', '+', '='])
}

/// True where the first line has others inside it.
fn opens(lines: &[Line]) -> bool {
    let mut code = lines.iter().filter(|line| line.is_code());
    let first = code.next().map_or(0, |line| line.indent);
    code.next().is_some_and(|next| next.indent > first)
}

/// The lines that are indented farther than a header.
fn inside<'a, 'b>(lines: &'a [Line<'b>], header: usize) -> &'a [Line<'b>] {
    let ends = |line: &Line| line.is_code() && line.indent <= header;
    &lines[..lines.iter().position(ends).unwrap_or(lines.len())]
}

/// The whole list of selectors that begins with the first line; none where no rule does.
fn rule_at(lines: &[Line]) -> Option<String> {
    let mut list = String::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.is_code()) {
        if at > 0 && !line.continues {
            return None;
        }
        list.push_str(line.code());
        if opens(&lines[at..]) {
            return Some(list);
        }
    }
    None
}

/// What there is in lines.
fn text_of_lines(lines: &[Line]) -> Text {
    let all: Vec<&Line> = lines.iter().filter(|line| line.is_code()).collect();
    let code: String = all.iter().map(|line| line.masked.as_str()).collect();
    let mut emitted = 0_usize;
    // Of each level how far it is indented, and how many selectors are in it.
    let mut levels: Vec<(usize, usize)> = Vec::new();
    let mut list = String::new();
    for (at, line) in all.iter().enumerate() {
        while levels
            .last()
            .is_some_and(|(level, _)| *level >= line.indent)
        {
            levels.pop();
        }
        let around = levels.last().map_or(1, |(_, selectors)| *selectors);
        let opens = all
            .get(at + 1)
            .is_some_and(|next| next.indent > line.indent);
        if !line.continues {
            list.clear();
        }
        list.push_str(line.code());
        let (made, own) = match line.code() {
            plain if is_plain(plain) => (0, around),
            _ if opens => {
                let own = selectors(&list, around);
                (own, own)
            }
            _ => (1, around),
        };
        emitted = emitted.saturating_add(made);
        levels.push((line.indent, own));
    }
    text_of(&code, all.len(), emitted)
}

/// The line behind the rules that have to come before all others.
fn prelude_end(lines: &[Line]) -> usize {
    let is_first = |line: &Line| {
        let rules = ["@use", "@forward", "@charset"];
        line.indent == 0 && rules.iter().any(|rule| line.code().starts_with(rule))
    };
    lines.iter().rposition(is_first).map_or(0, |at| at + 1)
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

    /// Takes over a line of the author's: the header of a rule with what counts its interpolations,
    /// and the module of selectors replaced by ours.
    fn copy(
        &mut self,
        number: usize,
        line: &Line,
        select: Option<(usize, usize)>,
        with_own_files: bool,
    ) {
        let mut edits: Vec<(usize, usize, String)> = Vec::new();
        if let Some((parents, list)) = select.filter(|_| line.is_code()) {
            for (from, to) in holes(&line.masked) {
                edits.push((from, from, format!("{SELECT}({parents},{list},&,(")));
                edits.push((to, to, "))".to_owned()));
            }
        }
        if let Some((from, to)) = module(line.text, &line.masked, line.indent)
            && with_own_files
            && line.text[from..to] == *SELECTOR_MODULE
        {
            edits.push((from, to, OWN_SELECTOR_MODULE.to_owned()));
        }
        let (mut copied, begin) = (0, self.text.len());
        for (from, to, what) in edits {
            self.text.push_str(&line.text[copied..from]);
            let column = self.text[begin..].chars().count();
            let width = what.len() - (to - from);
            self.inserted.push((number, column, width));
            self.text.push_str(&what);
            copied = to;
        }
        self.text.push_str(&line.text[copied..]);
    }
}

fn is_header(rule: &str) -> bool {
    let end = rule.find(|c: char| !c.is_ascii_alphabetic());
    repeats(&rule[..end.unwrap_or(rule.len())])
}

/// Checks the bounds of a line; how many comparisons its lists in brackets take.
fn check_line(code: &str, levels: usize, number: usize) -> Result<usize, Refusal> {
    let (mut open, mut words, mut compared) = (Vec::new(), 0, 0_usize);
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => open.push((words, 0)),
            b')' | b']' | b'}' => {
                if let Some((before, _)) = open.pop() {
                    words = before + 1;
                }
            }
            // The entries of a list in brackets are parsed one after another, in no depth.
            b',' if !open.is_empty() => {
                if let Some((before, entries)) = open.last_mut() {
                    words = *before + 1;
                    *entries += 1;
                    compared = compared.saturating_add(*entries);
                }
            }
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
    Ok(compared)
}
