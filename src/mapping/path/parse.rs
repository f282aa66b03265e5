//! Parses the text of a path to its steps.

use super::{Condition, Name, Predicate, Step, Test};

/// Nested conditions in one predicate, at most.
const DEEPEST: usize = 20;

pub(super) fn parse(text: &str, namespaces: &[(String, String)]) -> Result<(bool, Vec<Step>), String> {
    let mut parser = Parser { rest: text, namespaces, depth: 0 };
    let absolute = parser.eat("/");
    let steps = parser.steps()?;
    if !parser.rest.is_empty() {
        return Err(format!("`{}` cannot be parsed in the path `{text}`", parser.rest));
    }
    Ok((absolute, steps))
}

struct Parser<'t> {
    rest: &'t str,
    namespaces: &'t [(String, String)],
    depth: usize,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Skips a token and the blanks around it.
    fn eat_apart(&mut self, token: &str) -> bool {
        let before = self.rest;
        self.rest = self.rest.trim_start();
        if self.eat(token) {
            self.rest = self.rest.trim_start();
            return true;
        }
        self.rest = before;
        false
    }

    /// `and` or `or`, as a word of its own.
    fn eat_word(&mut self, word: &str) -> bool {
        let apart = self.rest.trim_start().strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '(', '\t', '\n']));
        apart && self.eat_apart(word)
    }

    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = vec![self.step()?];
        while self.eat("/") {
            if matches!(steps.last(), Some(Step::Attribute(_) | Step::Text)) {
                return Err("nothing can follow an attribute or `text()`".into());
            }
            steps.push(self.step()?);
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<Step, String> {
        if self.eat("..") {
            return Ok(Step::Parent);
        }
        if self.eat("@") {
            return Ok(Step::Attribute(self.name(true)?));
        }
        if self.eat(".") {
            return Ok(Step::Itself);
        }
        if self.eat("text()") {
            return Ok(Step::Text);
        }
        let test = if self.eat("*") { Test::Any } else { Test::Named(self.name(false)?) };
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.predicate()?);
            if !self.eat_apart("]") {
                return Err(match self.rest.trim_start() {
                    "" => "a `]` is missing at the end".into(),
                    rest => format!("a `]` is missing before `{rest}`"),
                });
            }
            self.rest = self.rest.trim_start();
        }
        Ok(Step::Child { test, predicates })
    }

    fn predicate(&mut self) -> Result<Predicate, String> {
        self.rest = self.rest.trim_start();
        if self.eat("last()") {
            return Ok(Predicate::Last);
        }
        let digits: String = self.rest.chars().take_while(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            self.rest = &self.rest[digits.len()..];
            return match digits.parse() {
                Ok(position) if position > 0 => Ok(Predicate::Position(position)),
                _ => Err("positions are counted from 1".into()),
            };
        }
        self.any().map(Predicate::Test)
    }

    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.eat_word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.one()?];
        while self.eat_word("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the conditions are nested too deep".into());
        }
        self.rest = self.rest.trim_start();
        let (negated, group) = if self.eat("not(") { (true, true) } else { (false, self.eat("(")) };
        let condition = if group {
            let inner = self.any()?;
            if !self.eat_apart(")") {
                return Err(format!("a `)` is missing before `{}`", self.rest));
            }
            if negated { Condition::Not(Box::new(inner)) } else { inner }
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        let path = self.steps()?;
        let equal = if self.eat_apart("!=") {
            false
        } else if self.eat_apart("=") {
            true
        } else {
            return Ok(Condition::Exists(path));
        };
        let quote = self.rest.chars().next().filter(|c| *c == '\'' || *c == '"').ok_or("a text in quotes must follow `=`")?;
        let (value, rest) = self.rest[1..].split_once(quote).ok_or("a quote is not closed")?;
        self.rest = rest;
        Ok(Condition::Compare { path, equal, value: value.to_string() })
    }

    fn name(&mut self, is_attribute: bool) -> Result<Name, String> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(match self.rest.chars().next() {
                Some(found) => format!("a name is expected instead of `{found}`"),
                None => "the path ends where a name is expected".into(),
            });
        }
        self.rest = rest;
        let lookup = |prefix: &str| self.namespaces.iter().find(|(known, _)| known == prefix).map(|(_, namespace)| namespace.as_str());
        match name.split_once(':') {
            Some((prefix, local)) => match lookup(prefix) {
                Some(namespace) => Ok(Name::new(namespace, local)),
                None => Err(format!("the prefix `{prefix}` is not in [namespaces]")),
            },
            None if is_attribute => Ok(Name::new("", name)),
            None => Ok(Name::new(lookup("default").unwrap_or_default(), name)),
        }
    }
}
