//! How many problems of one file are reported: the first hundred, and the number of the others.

use super::{Code, Place, Problem};

/// Maximum number of problems reported for one file; further ones are counted.
pub const REPORTED: usize = 100;
/// Maximum number of problems counted; reading stops at that point.
pub const COUNTED: usize = 100_000;

impl Problem {
    /// Represents this many unreported problems.
    pub fn and_more(count: usize, file: &str) -> Self {
        let over = if count > COUNTED { "more than " } else { "" };
        let what = if count == 1 { "problem" } else { "problems like these" };
        let message = format!("and {over}{} more {what}", count.min(COUNTED));
        let mut problem = Self::new(Code::DocSchema, message).at(Place::file(file));
        problem.more = count;
        problem
    }
}

/// Everything wrong with a file, found by several readers: in file order, without duplicates, up to the reported maximum.
pub fn cap_problems(found: Vec<Problem>, file: &str) -> Vec<Problem> {
    let mut more: usize = found.iter().map(|problem| problem.more).sum();
    let mut problems = Vec::new();
    for problem in found.into_iter().filter(|problem| problem.more == 0) {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems.sort_by_key(|problem| (problem.place.line.unwrap_or(u32::MAX), problem.place.column));
    if problems.len() > REPORTED {
        more += problems.len() - REPORTED;
        // The problem that stopped the reading is last, and matters most.
        problems.drain(REPORTED - 1..problems.len() - 1);
    }
    if more > 0 {
        problems.push(Problem::and_more(more, file));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: usize) -> Problem {
        Problem::new(Code::DocValue, "x").at(Place::at("f", u32::try_from(line).unwrap_or(0), 1))
    }

    #[test]
    fn a_hundred_are_told_with_the_last_and_the_rest_counted() {
        let mut found: Vec<Problem> = (1..=100).rev().map(problem).collect();
        assert_eq!(cap_problems(found.clone(), "f").len(), 100);
        found.extend([Problem::and_more(7, "f"), Problem::and_more(5, "f"), problem(3)]);
        found.push(Problem::new(Code::DocMalformed, "cut off").at(Place::file("f")));
        let reported = cap_problems(found, "f");
        let [.., before, last, more] = reported.as_slice() else { panic!("{reported:?}") };
        assert_eq!((reported.len(), before.place.line, last.code, more.more), (101, Some(99), Code::DocMalformed, 13));
        assert_eq!(more.message, "and 13 more problems like these");
    }

    #[test]
    fn what_is_beyond_all_counting_is_said_so() {
        assert_eq!(Problem::and_more(1, "f").message, "and 1 more problem");
        assert_eq!(Problem::and_more(COUNTED + 1, "f").message, "and more than 100000 more problems like these");
    }
}
