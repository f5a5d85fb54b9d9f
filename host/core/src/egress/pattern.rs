//! Which paths a rule speaks of: segments, and at most one gap that any number of them may fill.

use std::str::FromStr;

/// A pattern of paths: what they begin with, and, where it has a gap, what they end with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PathPattern {
    before: Vec<Segment>,
    /// What follows the `**`. None: there is no gap, and paths end with `before`.
    after: Option<Vec<Segment>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Exactly(String),
    /// Any but an empty one.
    Any,
}

impl FromStr for PathPattern {
    type Err = &'static str;

    fn from_str(path: &str) -> Result<Self, &'static str> {
        let mut pattern = Self { before: Vec::new(), after: None };
        for part in path.split('/').skip(1) {
            let segment = match part {
                "**" if pattern.after.is_some() => return Err("`**` may stand in it once"),
                "**" => {
                    pattern.after = Some(Vec::new());
                    continue;
                }
                "*" => Segment::Any,
                part if part.contains('*') => {
                    return Err("`*` stands for a whole segment, and `**` for any number of them");
                }
                part => Segment::Exactly(part.to_owned()),
            };
            pattern.after.as_mut().unwrap_or(&mut pattern.before).push(segment);
        }
        Ok(pattern)
    }
}

impl PathPattern {
    /// Whether a canonical path is one of them.
    pub(super) fn matches(&self, path: &str) -> bool {
        let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
        let begins = self.before.iter().all(|segment| parts.next().is_some_and(|part| segment.matches(part)));
        begins
            && match &self.after {
                None => parts.next().is_none(),
                Some(after) => {
                    after.iter().rev().all(|segment| parts.next_back().is_some_and(|part| segment.matches(part)))
                }
            }
    }

    /// Whether all paths of the other are paths of this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.faces(other, Segment::covers)
            && match (&self.after, &other.after) {
                (None, None) => self.len() == other.len(),
                (None, Some(_)) => false,
                (Some(_), None) => self.len() <= other.len(),
                (Some(after), Some(others)) => self.len() <= other.len() && self.covers_gap(after, other, others),
            }
    }

    /// Whether what this one says of more segments than the other does, at either end, holds of whatever fills the other's
    /// gap, and of the segments beyond it where little or nothing does. Canonical paths have no empty segment but the last.
    fn covers_gap(&self, after: &[Segment], other: &Self, others: &[Segment]) -> bool {
        let more_before = self.before.get(other.before.len()..).unwrap_or_default();
        let more_after = after.len().checked_sub(others.len()).map_or(&[][..], |more| &after[..more]);
        let is_any = |segment: &Segment| *segment == Segment::Any;
        more_before.iter().chain(more_after).all(is_any)
            && others.iter().take(more_before.len()).all(|segment| Segment::Any.covers(segment))
            // The last segment of a gap at the end may be empty.
            && (more_after.is_empty() || !others.is_empty())
    }

    /// Whether a path is one of both, where a slash behind it counts for nothing.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let (one, other) = (self.without_slash(), other.without_slash());
        one.faces(&other, Segment::meets)
            && (one.after.is_some() || one.len() >= other.len())
            && (other.after.is_some() || other.len() >= one.len())
    }

    /// Whether segments that face each other, from the beginning and from the end, are so.
    fn faces(&self, other: &Self, are: impl Fn(&Segment, &Segment) -> bool) -> bool {
        let from_beginning = self.before.iter().zip(&other.before);
        let from_end = self.end().iter().rev().zip(other.end().iter().rev());
        let has_gap = self.after.is_some() || other.after.is_some();
        from_beginning.chain(from_end.filter(|_| has_gap)).all(|(one, other)| are(one, other))
    }

    fn end(&self) -> &[Segment] {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// How many segments its shortest path has.
    fn len(&self) -> usize {
        self.before.len() + self.after.as_ref().map_or(0, Vec::len)
    }

    fn without_slash(&self) -> Self {
        let mut pattern = self.clone();
        let end = pattern.after.as_mut().unwrap_or(&mut pattern.before);
        end.pop_if(|last| matches!(last, Segment::Exactly(text) if text.is_empty()));
        pattern
    }
}

impl Segment {
    fn matches(&self, part: &str) -> bool {
        match self {
            Segment::Exactly(text) => text == part,
            Segment::Any => !part.is_empty(),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match other {
            Segment::Exactly(text) => self.matches(text),
            Segment::Any => *self == Segment::Any,
        }
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (segment, Segment::Exactly(text)) | (Segment::Exactly(text), segment) => segment.matches(text),
            (Segment::Any, Segment::Any) => true,
        }
    }
}
