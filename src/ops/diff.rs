//! Difference of two texts line by line, like `diff -u`: removed lines with `-`, added lines with `+`, and some context.

/// Lines of context before and after a difference.
const AROUND: usize = 2;
/// Maximum number of lines compared; longer texts are cut.
const MOST: usize = 4000;

#[derive(Clone, Copy, PartialEq)]
enum Line<'t> {
    Both(&'t str),
    Gone(&'t str),
    New(&'t str),
}

/// The difference from one text to the other.
pub fn lines(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().take(MOST).collect(), after.lines().take(MOST).collect());
    let all = compare(&before, &after);
    let mut out = String::new();
    let mut hidden = false;
    for (at, line) in all.iter().enumerate() {
        let differs = |from: usize, to: usize| all[from..to.min(all.len())].iter().any(|line| !matches!(line, Line::Both(_)));
        // Replacing a single line by the ellipsis would save nothing.
        let near = differs(at.saturating_sub(AROUND), at + AROUND + 1)
            || at > AROUND && differs(at - AROUND - 1, at) && differs(at, at + AROUND + 2);
        match line {
            Line::Both(_) if !near => {
                if !hidden {
                    out.push_str("    …\n");
                }
                hidden = true;
                continue;
            }
            Line::Both(text) => out.push_str(&format!("      {text}\n")),
            Line::Gone(text) => out.push_str(&format!("    - {text}\n")),
            Line::New(text) => out.push_str(&format!("    + {text}\n")),
        }
        hidden = false;
    }
    out.trim_end().to_string()
}

/// Longest common subsequence of lines, by dynamic programming; equal lines at the start and end are skipped first.
fn compare<'t>(before: &[&'t str], after: &[&'t str]) -> Vec<Line<'t>> {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let end = before[start..].iter().rev().zip(after[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&before[start..before.len() - end], &after[start..after.len() - end]);
    let mut table = vec![vec![0u16; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i][j] = if a[i] == b[j] { table[i + 1][j + 1] + 1 } else { table[i + 1][j].max(table[i][j + 1]) };
        }
    }
    let mut out: Vec<Line<'t>> = before[..start].iter().map(|line| Line::Both(line)).collect();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push(Line::Both(a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j >= b.len() || i < a.len() && table[i + 1][j] >= table[i][j + 1] {
            out.push(Line::Gone(a[i]));
            i += 1;
        } else {
            out.push(Line::New(b[j]));
            j += 1;
        }
    }
    out.extend(before[before.len() - end..].iter().map(|line| Line::Both(line)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_with_a_little_around() {
        let before = "a\nb\nc\nd\ne\nf\ng\n";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\n";
        assert_eq!(lines(before, after), "    …\n      c\n      d\n    - e\n    + E\n      f\n      g\n    + h");
        assert_eq!(lines("", "x\n"), "    + x");
    }
}
