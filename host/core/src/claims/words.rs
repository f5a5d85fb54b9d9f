//! What the words of a tool's name mean in an account, and the words that make a sentence something else than a claim.

/// Verbs of tools, and the past forms that tell of the same action beside their own.
const ACTIONS: &[(&[&str], &[&str])] = &[
    (
        &["create", "open", "add", "file", "raise", "submit", "register", "make"],
        &["created", "opened", "added", "filed", "raised", "submitted", "registered", "made", "logged", "setup"],
    ),
    (&["upsert", "save", "sync"], &["created", "added", "updated", "saved", "synced", "setup"]),
    (
        &["update", "edit", "change", "set", "modify", "move"],
        &["updated", "edited", "changed", "set", "modified", "moved", "added", "marked"],
    ),
    (&["send", "post", "text", "message", "email", "mail"], &["sent", "posted"]),
    (
        &["book", "schedule", "arrange", "reserve"],
        &["booked", "scheduled", "arranged", "reserved", "setup", "created", "added", "made"],
    ),
    (&["reschedule"], &["moved"]),
    (&["log", "record", "write"], &["logged", "recorded", "written", "added", "saved", "created", "updated", "made"]),
    (
        &["page", "alert", "notify", "trigger", "escalate"],
        &["paged", "alerted", "notified", "triggered", "escalated", "sent"],
    ),
    (&["start", "launch", "enroll"], &["started", "launched", "enrolled"]),
    (&["cancel", "confirm", "assign", "close", "delete", "remove"], &[]),
];

/// Past forms that no rule makes.
const IRREGULAR: &[(&str, &[&str])] = &[
    ("begin", &["began", "begun"]),
    ("give", &["gave", "given"]),
    ("hold", &["held"]),
    ("leave", &["left"]),
    ("make", &["made"]),
    ("pay", &["paid"]),
    ("put", &["put"]),
    ("send", &["sent"]),
    ("set", &["set"]),
    ("tell", &["told"]),
    ("write", &["wrote", "written"]),
];

/// What a tool acts on.
struct Thing {
    /// In names of tools.
    named: &'static [&'static str],
    /// In accounts. A past form among these (`texted`) tells of thing and action at once.
    told: &'static [&'static str],
    /// Vague words for it: a tool that was used accounts for them, and they claim nothing of one that wasn't.
    vague: &'static [&'static str],
}

const THINGS: &[Thing] = &[
    Thing { named: &["sms", "text"], told: &["sms", "text", "message", "texted", "messaged"], vague: &[] },
    Thing { named: &["email", "mail"], told: &["email", "mail", "emailed", "mailed"], vague: &["message"] },
    Thing { named: &["message"], told: &["message", "messaged"], vague: &["text"] },
    Thing {
        named: &["appointment", "visit", "slot", "booking", "meeting"],
        told: &["appointment", "visit", "slot", "booking", "meeting"],
        vague: &[],
    },
    Thing { named: &["callback"], told: &["callback", "call", "followup"], vague: &["appointment"] },
    Thing { named: &["ticket", "case", "issue"], told: &["ticket", "case", "issue"], vague: &[] },
    Thing {
        named: &["contact", "lead", "prospect", "crm"],
        told: &["contact", "lead", "prospect", "record", "profile", "crm"],
        vague: &[],
    },
    Thing { named: &["deal", "opportunity"], told: &["deal", "opportunity"], vague: &["crm", "record"] },
    Thing {
        named: &["note", "summary"],
        told: &["note", "summary", "summarized", "summarised"],
        vague: &["crm", "record"],
    },
    Thing {
        named: &["task", "reminder", "followup", "todo"],
        told: &["task", "reminder", "followup", "todo"],
        vague: &["crm", "record"],
    },
    Thing {
        named: &["incident", "page", "alert", "oncall"],
        told: &["incident", "page", "alert", "oncall", "engineer", "paged"],
        vague: &[],
    },
];

/// Words of a name that don't tell tools apart, unless it has no other.
const GENERIC: &[&str] =
    &["a", "by", "call", "client", "customer", "for", "in", "new", "of", "on", "the", "to", "user"];

/// What is said of a tool that is called by its name.
pub(super) const RAN: &[&str] =
    &["called", "completed", "done", "executed", "invoked", "ran", "succeeded", "successful", "triggered", "used"];

/// Before the verb, these leave open or deny that it happened.
pub(super) const DENIALS: &[&str] = &[
    "be", "being", "cannot", "could", "ensure", "if", "might", "must", "neither", "never", "no", "nobody", "none",
    "nor", "not", "nothing", "once", "pending", "please", "shall", "should", "unable", "unless", "until", "when",
    "whether", "will", "without", "would",
];

/// The same, as two words: what may be, and what a note says.
pub(super) const DENIALS_OF_TWO: &[[&str; 2]] = &[
    ["to", "have"],
    ["to", "get"],
    ["may", "have"],
    ["including", "that"],
    ["logged", "that"],
    ["noted", "that"],
    ["recorded", "that"],
];

/// Before thing and verb, these make a wish, a promise or somebody's word of it. After the thing they only say which
/// one it is: "the text she asked for was sent".
pub(super) const WISHES: &[&str] = &[
    "according",
    "asked",
    "asks",
    "attempt",
    "attempted",
    "believes",
    "claimed",
    "claims",
    "complained",
    "expected",
    "expects",
    "failed",
    "hoped",
    "like",
    "mentioned",
    "needed",
    "needs",
    "planned",
    "preferred",
    "prefers",
    "promised",
    "remembers",
    "reported",
    "request",
    "said",
    "says",
    "supposed",
    "thinks",
    "thought",
    "told",
    "tried",
    "want",
    "wanted",
    "wants",
];

/// What became of it, if "it" begins the next clause.
pub(super) const FAILURES: &[&str] =
    &["bounced", "declined", "denied", "error", "errored", "failed", "fails", "refused", "rejected", "unsuccessful"];

/// It was done before the run.
pub(super) const BEFORE: &[&str] = &["already", "during", "earlier", "originally", "previously", "yesterday"];

/// Whoever did it, it wasn't the model.
pub(super) const PEOPLE: &[&str] = &[
    "caller", "client", "customer", "her", "herself", "him", "himself", "patient", "she", "he", "them", "they", "user",
];

pub(super) const US: &[&str] = &["i", "we"];
pub(super) const BE: &[&str] = &["are", "been", "got", "is", "was", "were"];
pub(super) const HAVE: &[&str] = &["had", "has", "have"];
pub(super) const IT: &[&str] = &["both", "failed", "it", "they", "this", "which"];
pub(super) const RELATIVES: &[&str] = &["that", "which", "who"];

/// What begins a noun that is some particular one: "the ticket created" is not news, as "ticket created" is.
pub(super) const DETERMINERS: &[&str] =
    &["a", "an", "any", "every", "her", "his", "its", "our", "that", "the", "their", "this"];

/// What follows is what a message says, or what a thing is about.
pub(super) const CONTENTS: &[&str] = &["about", "concerning", "re", "regarding", "where", "with"];

pub(super) const PREPOSITIONS: &[&str] =
    &["as", "at", "by", "for", "from", "in", "into", "of", "on", "over", "through", "to", "under", "via"];

/// "A message in Slack", "the appointment's time by text": what it was sent by is what it is.
pub(super) const CHANNELS: &[&str] = &["email", "slack", "sms", "text", "whatsapp"];

const ADVERBS: &[&str] = &["all", "also", "already", "both", "even", "just", "now", "only", "since", "too"];

/// More verbs that don't end in "ed".
const OTHER_VERBS: &[&str] = &[
    "be", "can", "could", "did", "do", "does", "gave", "made", "may", "might", "must", "sent", "shall", "should",
    "took", "went", "will", "would", "wrote",
];

pub(super) fn is_adverb(word: &str) -> bool {
    ADVERBS.contains(&word) || word.ends_with("ly")
}

pub(super) fn is_auxiliary(word: &str) -> bool {
    BE.contains(&word) || HAVE.contains(&word)
}

/// Whether a word makes a clause of the words around it.
pub(super) fn is_verb(word: &str) -> bool {
    word.ends_with("ed") || is_auxiliary(word) || WISHES.contains(&word) || OTHER_VERBS.contains(&word)
}

/// Every noun that this table knows.
pub(super) fn things<'a>() -> impl Iterator<Item = &'a str> {
    THINGS.iter().flat_map(|thing| thing.told).copied()
}

/// The word of a name that says what is done, by its place: the first that is a verb known here, else the first.
pub(super) fn verb_of(name: &[String]) -> usize {
    let known = |word: &String| ACTIONS.iter().any(|(verbs, _)| verbs.contains(&word.as_str()));
    name.iter().position(known).unwrap_or(0)
}

/// The past forms that tell of an action.
pub(super) fn past_of(verb: &str) -> Vec<String> {
    let akin = ACTIONS.iter().filter(|(verbs, _)| verbs.contains(&verb)).flat_map(|(_, past)| *past);
    let irregular = IRREGULAR.iter().filter(|(base, _)| *base == verb).flat_map(|(_, past)| *past);
    let mut forms: Vec<String> = akin.chain(irregular).map(|&past| past.to_owned()).collect();
    if let Some(stem) = verb.strip_suffix('e') {
        forms.push(format!("{stem}ed"));
    } else if let Some(stem) = verb.strip_suffix('y') {
        forms.extend([format!("{stem}ied"), format!("{verb}ed")]);
    } else {
        // `booked`; `logged`; `canceled` and `cancelled`. Of the two, one may be no word: then nobody writes it.
        forms.push(format!("{verb}ed"));
        forms.extend(verb.chars().last().map(|last| format!("{verb}{last}ed")));
    }
    forms
}

/// What an account may call the things in a name: in words that claim, and in vague ones.
pub(super) fn told_of(name: &[String], verb: usize) -> (Vec<String>, Vec<String>) {
    let telling = |(at, word): &(usize, &String)| *at != verb && !GENERIC.contains(&word.as_str());
    let mut named: Vec<&str> = name.iter().enumerate().filter(telling).map(|(_, word)| word.as_str()).collect();
    if named.is_empty() {
        named = name.iter().enumerate().filter(|(at, _)| *at != verb).map(|(_, word)| word.as_str()).collect();
    }
    let several = named.iter().filter_map(|word| word.strip_suffix('s'));
    let mut told: Vec<String> = named.iter().copied().chain(several).map(str::to_owned).collect();
    let mut vague = Vec::new();
    // `page_oncall` and `text_caller` have their thing in their verb.
    for word in named.into_iter().chain(name.get(verb).map(String::as_str)) {
        for thing in THINGS.iter().filter(|thing| thing.named.contains(&word)) {
            told.extend(thing.told.iter().map(|&word| word.to_owned()));
            vague.extend(thing.vague.iter().map(|&word| word.to_owned()));
        }
    }
    (told, vague)
}
