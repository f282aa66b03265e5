//! A sentence with holes: `` `{1}` ends without {2:l} ``. A value is what stands in a hole.

/// How a value is told in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is.
    Verbatim,
    /// `{1:l}`: its words outside of quotes.
    Words,
    /// `{1:s}`: a sentence itself.
    Sentence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(&'static str),
    Hole(usize, Kind),
}

/// A sentence with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

/// Bytes of a sentence that is looked at; finding values takes longer the longer it is.
const LONGEST: usize = 600;
/// Holes of one sentence.
const HOLES: usize = 4;

impl Pattern {
    pub(super) fn parse(mut rest: &'static str) -> Self {
        let mut pieces = Vec::new();
        while let Some((before, behind)) = rest.split_once('{') {
            let Some((hole, after)) = behind.split_once('}') else { break };
            let (number, kind) = match hole.split_once(':') {
                Some((number, "s")) => (number, Kind::Sentence),
                Some((number, _)) => (number, Kind::Words),
                None => (hole, Kind::Verbatim),
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            pieces.push(Piece::Hole(number.parse().unwrap_or(0).clamp(1, HOLES) - 1, kind));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Self(pieces)
    }

    /// The values of a text that is this sentence.
    pub(super) fn values<'t>(&self, text: &'t str) -> Option<[&'t str; HOLES]> {
        let mut values = [""; HOLES];
        (text.len() <= LONGEST && find(&self.0, text, &mut values)).then_some(values)
    }

    /// The sentence with values, each told as its hole says; none where one cannot be told.
    pub(super) fn filled(&self, values: &[&str; HOLES], tell: impl Fn(Kind, &str) -> Option<String>) -> Option<String> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => Some((*text).to_string()),
            Piece::Hole(number, kind) => tell(*kind, values[*number]),
        };
        self.0.iter().map(piece).collect()
    }

    #[cfg(test)]
    pub(super) fn holes(&self) -> Vec<(usize, bool)> {
        let hole = |piece: &Piece| match piece {
            Piece::Hole(number, kind) => Some((*number, *kind == Kind::Sentence)),
            Piece::Text(_) => None,
        };
        let mut holes: Vec<_> = self.0.iter().filter_map(hole).collect();
        holes.sort_unstable();
        holes
    }
}

/// Fits pieces to a text: each hole takes the least that lets the rest fit.
fn find<'t>(pieces: &[Piece], text: &'t str, values: &mut [&'t str; HOLES]) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(literal), rest @ ..] => text.strip_prefix(literal).is_some_and(|text| find(rest, text, values)),
        [Piece::Hole(number, _)] => {
            values[*number] = text;
            !text.is_empty()
        }
        [Piece::Hole(number, _), rest @ ..] => {
            let Some(Piece::Text(literal)) = rest.first() else { return false };
            text.match_indices(literal).filter(|(at, _)| *at > 0).any(|(at, _)| {
                values[*number] = &text[..at];
                find(rest, &text[at..], values)
            })
        }
    }
}
