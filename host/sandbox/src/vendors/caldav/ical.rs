//! One event, out of the calendar object that a client puts. Refused is what isn't iCalendar (RFC 5545), and what isn't
//! an object that a calendar keeps (RFC 4791, section 4.1).

use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Refused;
use super::lines::{Line, unfold};

/// The properties that stand once in an event, at most.
const ONCE: &[&str] = &["UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "SUMMARY", "DESCRIPTION"];

/// What a calendar keeps of an event, besides its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) uid: String,
    pub(super) summary: Option<String>,
    pub(super) description: Option<String>,
    pub(super) starts: Timestamp,
    pub(super) ends: Option<Timestamp>,
}

impl Event {
    pub(super) fn parse(data: &[u8]) -> Result<Event, Refused> {
        let text = std::str::from_utf8(data).map_err(|_| unsound("the object is not UTF-8"))?;
        let unfolded = unfold(text).map_err(unsound)?;
        let lines: Vec<Line<'_>> =
            unfolded.iter().map(|line| Line::parse(line)).collect::<Result<_, _>>().map_err(unsound)?;
        let [begin, inner @ .., end] = lines.as_slice() else { return Err(unsound("the object is no VCALENDAR")) };
        if !is(begin, "BEGIN", "VCALENDAR") || !is(end, "END", "VCALENDAR") {
            return Err(unsound("the object is not one VCALENDAR"));
        }
        let (calendar, components) = parts(inner)?;
        if only(&calendar, "VERSION")?.value != "2.0" {
            return Err(unsound("VERSION must be 2.0"));
        }
        only(&calendar, "PRODID")?.text().map_err(unsound)?;
        if calendar.iter().any(|line| line.name == "METHOD") {
            return Err(not_kept("<C:valid-calendar-object-resource/>", "what a calendar keeps has no METHOD"));
        }
        let mut event = None;
        for (name, component) in components {
            match name.as_str() {
                "VTIMEZONE" => {}
                "VEVENT" if event.is_none() => event = Some(component),
                "VEVENT" => {
                    return Err(not_kept("<C:valid-calendar-object-resource/>", "there is more than one VEVENT"));
                }
                other => return Err(not_kept("<C:supported-calendar-component/>", &format!("a {other} is no event"))),
            }
        }
        Event::read(event.ok_or_else(|| not_kept("<C:valid-calendar-object-resource/>", "there is no VEVENT"))?)
    }

    fn read(lines: &[Line<'_>]) -> Result<Event, Refused> {
        // The components in an event, its alarms, are kept as they are.
        let (properties, _) = parts(lines)?;
        for name in ONCE {
            if properties.iter().filter(|line| line.name == *name).count() > 1 {
                return Err(unsound(format!("{name} stands there more than once")));
            }
        }
        let optional = |name: &str| properties.iter().find(|line| line.name == name);
        let text = |name: &str| optional(name).map(|line| line.text().map_err(unsound)).transpose();
        let uid = only(&properties, "UID")?.text().map_err(unsound)?;
        if uid.is_empty() {
            return Err(unsound("UID is empty"));
        }
        instant(only(&properties, "DTSTAMP")?)?;
        let starts = instant(only(&properties, "DTSTART")?)?;
        let ends = optional("DTEND").map(|line| instant(line)).transpose()?;
        if optional("DURATION").is_some() {
            return Err(if ends.is_some() { unsound("there are DTEND and DURATION") } else { not_played("DURATION") });
        }
        if ends.is_some_and(|ends| ends <= starts) {
            return Err(unsound("DTEND must be after DTSTART"));
        }
        Ok(Event { uid, summary: text("SUMMARY")?, description: text("DESCRIPTION")?, starts, ends })
    }
}

type Parts<'a, 'b> = (Vec<&'b Line<'a>>, Vec<(String, &'b [Line<'a>])>);

/// The properties of a component, and the components in it, each without its BEGIN and END.
fn parts<'a, 'b>(lines: &'b [Line<'a>]) -> Result<Parts<'a, 'b>, Refused> {
    let (mut properties, mut components) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        match line.name.as_str() {
            "BEGIN" => {
                let length = component(&lines[at..]).ok_or_else(|| unsound(format!("{} has no END", line.value)))?;
                components.push((line.value.to_ascii_uppercase(), &lines[at + 1..at + length - 1]));
                at += length;
                continue;
            }
            "END" => return Err(unsound(format!("{} ends that didn't begin", line.value))),
            _ => properties.push(line),
        }
        at += 1;
    }
    Ok((properties, components))
}

/// How many lines the component takes that begins with the first one.
fn component(lines: &[Line<'_>]) -> Option<usize> {
    let mut open = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match line.name.as_str() {
            "BEGIN" => open.push(line.value),
            "END" if !open.pop()?.eq_ignore_ascii_case(line.value) => return None,
            _ => {}
        }
        if open.is_empty() {
            return Some(at + 1);
        }
    }
    None
}

fn only<'a, 'b>(lines: &[&'b Line<'a>], name: &str) -> Result<&'b Line<'a>, Refused> {
    let mut named = lines.iter().filter(|line| line.name == name);
    match (named.next(), named.next()) {
        (Some(line), None) => Ok(line),
        _ => Err(unsound(format!("{name} must stand there once"))),
    }
}

fn is(line: &Line<'_>, name: &str, value: &str) -> bool {
    line.name == name && line.value.eq_ignore_ascii_case(value)
}

/// `20260301T120000Z`
fn instant(line: &Line<'_>) -> Result<Timestamp, Refused> {
    let name = &line.name;
    if line.parameter("TZID").is_some() || line.parameter("VALUE") == Some("DATE") {
        return Err(not_played(&format!("a {name} that isn't in UTC")));
    }
    let digits = line.value.strip_suffix('Z').unwrap_or(line.value);
    let at = DateTime::strptime("%Y%m%dT%H%M%S", digits).ok().filter(|_| digits.len() == "20260301T120000".len());
    let at = at.ok_or_else(|| unsound(format!("{name} {:?} is no date and time", line.value)))?;
    if digits == line.value {
        return Err(not_played(&format!("a {name} that isn't in UTC")));
    }
    let zoned = at.to_zoned(TimeZone::UTC).map_err(|_| unsound(format!("{name} is out of range")))?;
    Ok(zoned.timestamp())
}

fn unsound(note: impl Into<String>) -> Refused {
    Refused::unmet(StatusCode::FORBIDDEN, "<C:valid-calendar-data/>", note)
}

fn not_kept(precondition: &str, note: &str) -> Refused {
    Refused::unmet(StatusCode::FORBIDDEN, precondition, note)
}

/// A real server would take it.
fn not_played(what: &str) -> Refused {
    Refused::new(StatusCode::NOT_IMPLEMENTED, format!("the sandbox does not play {what}"))
}
