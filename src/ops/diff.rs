//! Two texts line by line, as `diff -u` shows them: what is gone with `-`, what is new with `+`, a little of what is around.

/// Lines shown before and behind a difference.
const AROUND: usize = 2;
/// Lines compared with one another; texts beyond are cut there.
const MOST: usize = 4000;

#[derive(Clone, Copy, PartialEq)]
enum Line<'t> {
    Both(&'t str),
    Gone(&'t str),
    New(&'t str),
}

/// What leads from one text to the other.
pub fn lines(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().take(MOST).collect(), after.lines().take(MOST).collect());
    let all = compare(&before, &after);
    let mut out = String::new();
    let mut hidden = false;
    for (at, line) in all.iter().enumerate() {
        let differs = |from: usize, to: usize| all[from..to.min(all.len())].iter().any(|line| !matches!(line, Line::Both(_)));
        // A line left out alone would be as long as the sign for it.
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

/// The longest common lines kept, by the usual table over what is left between equal beginnings and ends.
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
