//! Whether a shape makes a script.

use super::program::{Op, Program};
use crate::javascript::{Data, Script};
use std::collections::HashSet;

/// Returns true where a program makes a script with nothing but data in its holes. What is data at a place of
/// the script is known from the whole of it, so that each pair of a step and a place is looked at once, however
/// many ways lead there. It takes `steps` away, and gives up where there are none left.
pub(super) fn makes(program: &Program, script: &Script<'_>, steps: &mut usize) -> bool {
    let mut seen = HashSet::new();
    let blanks = script.text.len() - script.text.trim_ascii_start().len();
    let mut ways: Vec<(usize, usize)> = (0..=blanks).map(|at| (0, at)).collect();
    while let Some((op, at)) = ways.pop() {
        if !seen.insert((op, at)) {
            continue;
        }
        let cost = match program.ops.get(op) {
            None if script.text[at..].trim_ascii().is_empty() => return true,
            None => 1 + (script.text.len() - at) / 64,
            Some(Op::Text(text)) => {
                if script.text[at..].starts_with(&**text) {
                    ways.push((op + 1, at + text.len()));
                }
                1 + text.len() / 64
            }
            Some(Op::Choice(next)) => {
                ways.extend(next.iter().map(|next| (*next, at)));
                1 + next.len()
            }
            Some(Op::Hole) => {
                ways.push((op + 1, at));
                match script.data(at) {
                    Data::None => {}
                    Data::Character(end) => ways.push((op, end)),
                    Data::Value(end) => ways.push((op + 1, end)),
                }
                1
            }
        };
        match steps.checked_sub(cost) {
            Some(left) => *steps = left,
            None => return false,
        }
    }
    false
}
