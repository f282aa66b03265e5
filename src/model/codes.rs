//! The central register of problem codes. A code is stable and never used again for something else.
//!
//! C1xx configuration, C2xx documents, C3xx drops and disks, C4xx a document meets Odoo's data, C5xx Odoo itself, C9xx our own state.

use super::problem::{Retry, Who};

/// One entry of the register.
#[derive(Debug)]
pub struct CodeInfo {
    /// The code as printed.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Who must act, unless the place that found it knows better.
    pub who: Who,
    /// Whether trying again later can help.
    pub retry: Retry,
    /// What it means and what to do, for `consign explain`.
    pub text: &'static str,
}

/// A code of the register.
#[derive(Debug, Clone, Copy)]
pub struct Code(&'static CodeInfo);

impl Code {
    /// The entry behind the code.
    pub fn info(self) -> &'static CodeInfo {
        self.0
    }

    /// The code registered under this text, upper or lower case.
    pub fn find(text: &str) -> Option<Self> {
        ALL.iter().find(|info| info.code.eq_ignore_ascii_case(text)).map(Code)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.code == other.0.code
    }
}

impl Eq for Code {}

macro_rules! codes {
    ($($name:ident = $code:literal, $who:ident, $retry:ident, $title:literal, $text:literal;)*) => {
        $(#[doc = concat!($code, ": ", $title, ".")] pub const $name: Code = Code(&CodeInfo {
            code: $code, title: $title, who: Who::$who, retry: Retry::$retry, text: $text,
        });)*
        /// Every code, in order.
        pub const ALL: &[CodeInfo] = &[$(CodeInfo { code: $code, title: $title, who: Who::$who, retry: Retry::$retry, text: $text }),*];
    };
}

codes! {
    CONFIG_UNREADABLE = "C101", Consultant, Never, "a configuration file cannot be read", "The file is missing, is not UTF-8, or may not be read by this user.";
    CONFIG_SYNTAX = "C102", Consultant, Never, "a configuration file is not TOML", "The place shows where the reader stopped; a missing quote or bracket on the line before is the usual cause.";
    CONFIG_UNKNOWN_KEY = "C103", Consultant, Never, "an unknown key", "Every key is known; one that is not has no effect, so it is refused. The hint names the nearest known key.";
    CONFIG_MISSING_KEY = "C104", Consultant, Never, "a key is missing", "The table lacks a key that it must have.";
    CONFIG_BAD_VALUE = "C105", Consultant, Never, "a value is not what the key takes", "The sentence says what the key takes.";
    CONFIG_UNKNOWN_NAME = "C106", Consultant, Never, "a name that is defined nowhere", "A flow names a partner, a mapping, a template or a folder that the workspace does not have.";
    CONFIG_SECRET = "C107", Ops, Never, "a secret is missing", "Secrets come from an environment variable or a file. The one named is not set, or the file cannot be read.";
    MAPPING_PATH = "C108", Consultant, Never, "a path that the schema does not have", "The mapping reads an element or attribute that no document of this schema can have. The hint names the nearest one at that place.";
    MAPPING_FIELD = "C109", Consultant, Never, "a field that the Odoo model does not have", "Checked against the workspace's snapshot of Odoo's fields, or the one built in (Odoo 19). The hint names the nearest field.";
    TEMPLATE = "C110", Consultant, Never, "a template does not work", "The template has a mistake, uses a name that the flow does not read, or a value it needs is empty.";
    SCHEDULE = "C111", Consultant, Never, "a schedule cannot be understood", "Write `every 15 minutes`, `every 2 hours`, or a cron line of five fields such as `0 6,18 * * *`, and a time zone as `Europe/Berlin`.";
    SCHEMA_BROKEN = "C112", Consultant, Never, "a schema does not compile", "The XSD breaks a rule of XML Schema, or imports a file that is not in the workspace.";
    SCHEMA_MISSING = "C113", Consultant, Never, "a schema is not in the workspace", "Third-party schemas are not shipped. Get the set from its publisher and add it with `consign schemas add NAME FOLDER-OR-ZIP`.";
    PATH_ESCAPES = "C114", Consultant, Never, "a path leaves its folder", "Paths in a workspace stay inside it: no absolute path, no `..` out of it, no link out of it.";
    EXPRESSION = "C115", Consultant, Never, "an expression or path cannot be parsed", "Paths are a small part of XPath 1.0, expressions are minijinja expressions; docs/mapping.md shows both.";
    FUNCTION_UNKNOWN = "C116", Consultant, Never, "an unknown conversion", "`as` takes one of the conversions listed in docs/mapping.md.";
    FLOW_UNKNOWN = "C117", Ops, Never, "no such flow", "The workspace has no flow of that name; `consign status` lists them.";
    FIELD_READONLY = "C118", Consultant, Never, "a field that Odoo computes", "The field cannot be written; map one of the fields it is computed from.";
    FIELD_REQUIRED = "C119", Consultant, Never, "a field that Odoo requires is not mapped", "Odoo refuses a new record without it and has no default for it, as far as the snapshot tells.";
    ACTION_UNKNOWN = "C120", Consultant, Never, "a call that is not decided", "A method that may ask back needs its answer in the mapping, and records that are always made anew need a method that marks them; docs/mapping.md lists the methods and what can be decided.";

    DOC_EMPTY = "C201", Partner, Never, "the file is empty", "0 bytes, or nothing but blanks. Usually the sender's export was cut off: ask for the file again.";
    DOC_MALFORMED = "C202", Partner, Never, "the file is not well-formed XML", "It is truncated, is not XML at all, or has a broken tag or reference. The place shows where the reader had to stop.";
    DOC_ENCODING = "C203", Partner, Never, "the file's bytes do not fit its encoding", "The XML declaration (or the flow, for CSV) names an encoding, and the bytes are not valid in it.";
    DOC_DOCTYPE = "C204", Partner, Never, "the file has a DOCTYPE", "Document type declarations are refused: they can pull in other files and expand without bound.";
    DOC_LIMIT = "C205", Partner, Never, "the file is beyond a limit", "Size, depth, number of elements or length of a value is above the limit of the flow.";
    DOC_ROOT = "C206", Partner, Never, "another kind of document than the flow takes", "The root element or its namespace is not declared in the flow's schema: the wrong file, or the wrong folder.";
    DOC_UNEXPECTED = "C210", Partner, Never, "an element that does not belong here", "Misspelt, in the wrong order, or not part of this document at all. The hint lists what may stand here.";
    DOC_INCOMPLETE = "C211", Partner, Never, "something required is missing", "The element ends before everything it must contain has come.";
    DOC_VALUE = "C212", Partner, Never, "a value that its type does not allow", "Wrong format, too long, out of range, or not one of the listed values.";
    DOC_ATTRIBUTE = "C213", Partner, Never, "an attribute is missing or not allowed", "The sentence names the attribute.";
    DOC_KEY = "C214", Partner, Never, "a key is doubled or a reference points nowhere", "The schema says that these values are unique, or refer to one another.";
    DOC_SCHEMA = "C219", Partner, Never, "the document breaks a rule of its schema", "The sentence is the schema engine's.";
    CSV_ROW = "C220", Partner, Never, "a CSV row has another number of fields than the header", "Often a separator inside a value that is not quoted.";
    CSV_HEADER = "C221", Partner, Never, "the CSV header is not the expected one", "A column that the flow maps is not in the header, or one stands there twice.";
    PACKAGE = "C222", Partner, Never, "a zip that cannot be unpacked", "It is damaged, encrypted, holds no document of the flow, or more than is taken: 10,000 files, 1 GiB unpacked, `max_bytes` for each document. Nothing of it went in.";
    OUT_INVALID = "C230", Consultant, Never, "the document we made breaks its schema", "Nothing was sent. The template or the data in Odoo must be corrected; the problems that follow show where.";

    DROP_UNREACHABLE = "C301", Ops, Later, "the drop cannot be reached", "The server does not answer, or the connection broke. It is tried again by itself at the next poll.";
    DROP_LOGIN = "C302", Ops, Later, "the drop refuses the login", "User, password or key are not accepted by the partner's server.";
    DROP_HOST_UNKNOWN = "C303", Ops, Later, "the server's host key is not known", "Ask the partner for the fingerprint by another way than this connection. If it is the same, accept it with the command shown.";
    DROP_HOST_CHANGED = "C304", Ops, Later, "the server's host key has changed", "Either the partner has a new server, or someone stands between. Nothing was sent. Ask the partner before you accept the new key.";
    DROP_MISSING = "C305", Ops, Later, "a folder or file is not there", "The flow's folder does not exist on the drop, or a file vanished between listing and reading.";
    DROP_DENIED = "C306", Ops, Later, "the drop refuses an operation", "The user may not list, read, write or rename there. `consign doctor` tries each right.";
    DISK_FULL = "C307", Ops, Later, "no space left", "Nothing was lost: what was being written is written again once there is room.";
    DROP_IO = "C308", Ops, Later, "reading or writing failed", "An error of the disk or the server that is none of the above.";
    STILL_CHANGING = "C310", Nobody, Later, "the file is still being written", "Its size or time differed between two looks. It is taken once it stands still for the flow's `settle` time.";
    DUPLICATE = "C311", Nobody, Never, "an exact duplicate", "The same name with the same content has been taken before. The copy is shelved; nothing is done a second time.";
    SAME_CONTENT = "C312", Ops, Never, "known content under a new name", "The same bytes came before under another name. Held: `consign reprocess ID` takes it all the same.";
    HELD_SIZE = "C313", Partner, Never, "the file is empty and was left where it is", "Empty files are held, in case they are still to be filled.";
    NAME_TAKEN = "C314", Ops, Never, "another file of that name lies at the partner's", "A document that we send would replace one that the partner has not fetched. Nothing is ever replaced.";
    SHELF_FAILED = "C315", Ops, Later, "the file could not be moved on the partner's side", "What it did, or that it was refused, stands and is not repeated; the move is tried again at each poll.";
    OVERTAKEN = "C316", Ops, Never, "a newer file was processed meanwhile", "This one waited for something temporary, or is done again, and what came after it has gone through: doing it now would set newer values back. `consign reprocess ID --overwrite` does it all the same.";

    MARKER_AWAITED = "C317", Nobody, Later, "the partner's sign that the file is complete is not there", "The flow takes a file only once its marker file lies beside it. Until then the file is left alone.";
    DOC_CUT = "C318", Nobody, Later, "the file's own end is missing", "An upload that was broken off looks like a finished one from outside. The file is left for the flow's `cut` time, in case it is sent again; then it is refused like any broken file.";
    HELD_LARGE = "C319", Ops, Never, "the file is too large and was left where it is", "It has more bytes than the flow's `max_bytes`. Raise the limit, or set `large = \"reject\"` to have such files refused.";
    NOT_COLLECTED = "C320", Ops, Never, "the partner has not collected a file", "A file that we sent lies longer on the drop than the flow's `pickup` allows.";
    LEASED = "C321", Nobody, Later, "another consign looks at this drop", "One process looks at a drop at a time, by a lease in the journal. It is tried again at the next poll.";

    VALUE_MISSING = "C401", Partner, Never, "a required value is missing in the document", "The mapping needs it, though the schema does not require it.";
    VALUE_CONVERSION = "C402", Partner, Never, "a value cannot be converted", "The sentence shows the value and what it should have been.";
    VALUE_EXPRESSION = "C403", Consultant, Never, "an expression failed on this document", "The expression of the mapping cannot be worked out with the values of this document.";
    VALUE_UNMAPPED = "C404", Ops, Never, "a code that the table does not have", "Add the code to the mapping's table, or have the partner send another.";
    IDENTITY_TWICE = "C405", Partner, Never, "the same record twice in one file", "Two entries have the same identity; which one holds cannot be decided.";
    LOOKUP_NONE = "C412", Ops, Never, "a record is not in Odoo", "The document names a product, partner or other record that Odoo does not have. Create it, or correct its number, then reprocess.";
    LOOKUP_MANY = "C413", Ops, Never, "more than one record fits", "Two or more records in Odoo carry the same number or name. Merge or correct them, then reprocess.";
    ODOO_REFUSED = "C414", Ops, Never, "Odoo refuses the data", "One of Odoo's own rules is broken; the sentence is Odoo's. Nothing of this call was stored.";
    ACTION_STATE = "C415", Ops, Never, "an action did not bring the record to the state it should have", "The record is stored. Look at it in Odoo, finish it there or correct it, then reprocess.";
    KEPT = "C416", Ops, Never, "a value that a person changed in Odoo was left as it is", "Since our last write somebody changed it in Odoo. The document says something else; `overwrite = true` in the mapping would let it win.";
    UNCERTAIN = "C417", Ops, Never, "it is not known whether a call was carried out", "The connection broke during a call that leaves no trace to look for. Look at the records in Odoo; reprocess the message if the call is still to be made.";
    RECORD_REFUSED = "C418", Ops, Never, "some records of the file were refused", "The rest went in. What was refused lies in the error folder as a smaller file of the same format: correct it and drop it again.";
    CHANGED = "C419", Ops, Never, "a record was changed after it was sent", "The flow says what becomes of it: `changed = \"ignore\"`, `\"resend\"` or `\"report\"`.";
    LOOKUP_HELD = "C420", Ops, Never, "a document waits for a record in Odoo", "The mapping says that the document is held until the record is there, or there is only one. Make it so, then reprocess the message.";

    ANSWER_UNKNOWN = "C421", Ops, Never, "an answer to nothing that was sent", "A partner's answer names a document that none of its flows sent, or that expects no answer. Look at its number; the mapping may read another one than the flow's `numbers`.";
    ANSWER_UNGIVEN = "C422", Consultant, Later, "a document could not be answered", "What the document did is complete and is not repeated. The answer is tried again at each poll.";

    ODOO_UNREACHABLE = "C501", Ops, Later, "Odoo cannot be reached", "Nothing is lost; every message waits and is tried again by itself.";
    ODOO_LOGIN = "C502", Ops, Later, "Odoo refuses the login", "Database, login or password are wrong.";
    ODOO_KEY = "C503", Ops, Later, "Odoo refuses the API key", "The key is wrong, revoked or expired (Odoo keys live three months at most). Make a new one in Odoo under Preferences, Account Security.";
    ODOO_RIGHTS = "C504", Ops, Later, "the Odoo user may not do this", "The user of consign lacks a right or a record rule hides the record.";
    ODOO_ERROR = "C505", Ops, Never, "Odoo failed with an error of its own", "Not one of the errors that going again can mend. The sentence is Odoo's; its log has more.";
    ODOO_BUSY = "C506", Nobody, Later, "Odoo was busy with the same records", "Two writers met. Tried again by itself.";
    ODOO_TIMEOUT = "C507", Ops, Later, "Odoo did not answer in time", "It may have done the work all the same: before anything is repeated, the records are looked up.";
    ODOO_VERSION = "C508", Ops, Later, "an Odoo that cannot be spoken to", "The server's version is not supported by the chosen dialect.";
    ODOO_UNKNOWN = "C509", Consultant, Never, "Odoo does not know a model or method", "A module is not installed, or the mapping was made for another version.";
    ODOO_ANSWER = "C510", Ops, Later, "an answer that is not Odoo's", "Something else answers at this address: a proxy, a login page, another service.";
    ODOO_KEY_ENDS = "C511", Ops, Never, "an API key ends soon", "Odoo refuses a key after its end, and every message waits from then on. Make a new key in the preferences of that user, put it where the old one is, and restart consign.";

    JOURNAL = "C901", Ops, Later, "the journal cannot be read or written", "The SQLite file is damaged, locked, or its disk is full.";
    LOCKED = "C902", Ops, Later, "another consign works on this workspace", "One process writes a workspace at a time. Stop the other one, or wait for it.";
    STAGE = "C903", Ops, Never, "a message cannot take this step", "The message is at a stage from which this does not follow.";
    MESSAGE_UNKNOWN = "C904", Ops, Never, "no such message", "Give the id, or its first or last digits, as `consign log` shows them.";
    ORIGINAL_LOST = "C905", Ops, Never, "the original bytes are gone", "The file that consign kept was removed or changed by someone; it cannot be processed again.";
    USAGE = "C906", Ops, Never, "the command cannot be carried out as given", "The sentence says what is missing.";
    STUCK = "C907", Ops, Later, "validation is stuck", "Documents before this one took too long and cannot be stopped (C205 tells which); with more of them the machine would have no time for anything else. It goes on when they come to an end; a restart ends them.";
    ALERT_UNSENT = "C908", Ops, Later, "an alert could not be told", "The mail server or the webhook of [alerts] did not take it. It is tried again by itself, later and later; `consign alerts` shows what is on meanwhile.";
    WEB = "C909", Ops, Never, "the web page cannot be served", "Its address is taken, or not one of this machine: `listen` in [web] of consign.toml names another.";
    BACKUP = "C910", Ops, Never, "a backup cannot be made or brought back", "Nothing was overwritten and nothing half-made was left. The sentence says which file, and why.";
    TRACES = "C911", Ops, Later, "traces are not taken", "The collector of [traces] is away or refuses them. They are sent again by themselves, as long as consign runs; messages are not touched by it.";
    RESTORED = "C912", Ops, Never, "a document that may have been sent already", "The journal was restored from a backup, which does not know what was sent after it was made. Look whether the partner has it: `consign release` sends it, `consign discard` does not.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        let codes: Vec<_> = ALL.iter().map(|info| info.code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }
}
