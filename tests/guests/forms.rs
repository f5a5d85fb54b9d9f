//! A guest's text as forms, and the forms of the prelude that it needs: whatever it names and does not define,
//! with what that names in turn.

use std::collections::{BTreeSet, HashMap};

/// One parenthesised form of a module.
pub(crate) struct Form {
    pub(crate) keyword: String,
    text: String,
    /// What it defines.
    name: Option<String>,
    /// What it names.
    names: Vec<String>,
}

/// Takes a text apart. Comments and what stands between forms are dropped.
pub(crate) fn read(text: &str) -> Result<Vec<Form>, String> {
    let mut forms = Vec::new();
    let (mut form, mut depth) = (String::new(), 0_usize);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let token = match c {
            ';' if rest.starts_with(";;") => {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
                continue;
            }
            '"' => &rest[..string_end(rest).ok_or("a string has no end")?],
            _ => &rest[..c.len_utf8()],
        };
        rest = &rest[token.len()..];
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a parenthesis closes nothing")?,
            _ => {}
        }
        if depth > 0 || c == ')' {
            form.push_str(token);
        }
        if depth == 0 && c == ')' {
            forms.push(Form::of(std::mem::take(&mut form)));
        }
    }
    if depth == 0 { Ok(forms) } else { Err("a parenthesis stays open".to_owned()) }
}

fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, c)| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end.then_some(at + 1)
    })
}

impl Form {
    fn of(text: String) -> Self {
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "()\"".contains(c)).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let keyword = words.first().copied().unwrap_or_default().to_owned();
        let names: Vec<String> =
            words.iter().filter(|word| word.starts_with('$')).map(|&word| word.to_owned()).collect();
        let defines = match keyword.as_str() {
            "import" => true,
            "func" | "global" | "memory" | "table" | "type" => words.get(1).is_some_and(|word| word.starts_with('$')),
            _ => false,
        };
        let name = if defines { names.first().cloned() } else { None };
        Self { keyword, text, name, names }
    }
}

/// The guest's module, and the encoding of its texts.
pub(crate) fn link(guest: Vec<Form>, prelude: Vec<Form>) -> Result<(String, String), String> {
    let own: BTreeSet<String> = guest.iter().filter_map(|form| form.name.clone()).collect();
    let (mut library, mut taken) = (HashMap::new(), guest);
    for form in prelude {
        match &form.name {
            Some(name) if own.contains(name) => {}
            Some(name) => drop(library.insert(name.clone(), form)),
            None => taken.push(form),
        }
    }
    let mut next = 0;
    while next < taken.len() {
        let named: Vec<Form> = taken[next].names.iter().filter_map(|name| library.remove(name)).collect();
        taken.extend(named);
        next += 1;
    }
    let encoding = taken.iter().position(|form| form.keyword == "@encoding").map(|at| taken.swap_remove(at).text);
    let encoding = encoding.and_then(|text| text.split('"').nth(1).map(str::to_owned)).unwrap_or_default();
    // Imports come first in a module.
    taken.sort_by_key(|form| form.keyword != "import");
    let text: Vec<&str> = taken.iter().map(|form| form.text.as_str()).collect();
    Ok((format!("(module\n{}\n)", text.join("\n")), encoding))
}
