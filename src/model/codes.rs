//! The central register of problem codes. A code is stable and never used again for something else.
//!
//! C1xx configuration, C2xx documents, C3xx drops and disks, C4xx a document meets Odoo's data, C5xx Odoo itself, C9xx our own state.
//!
//! **Invariant:** what a problem leads to is written here and nowhere else: its [`Reaction`] says what becomes of the message, its
//! [`Scope`] how much else meets the same problem.

use serde::{Deserialize, Serialize};

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The one who sent the file.
    Partner,
    /// The one who runs consign and Odoo.
    Ops,
    /// The one who wrote the mapping or configuration.
    Consultant,
    /// It settles by itself.
    Nobody,
}

impl Who {
    /// The word printed after `who:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Ops => "ops",
            Self::Consultant => "consultant",
            Self::Nobody => "nobody",
        }
    }
}

/// How far a problem reaches, from one document to all of consign: everything in the scope would meet the same problem, so that one
/// that meets it tells for the others of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// This document: its bytes are at fault.
    Document,
    /// This message: another with the same document may fare otherwise.
    Message,
    /// Every message of the flow.
    Flow,
    /// Everything that goes to or comes from this server.
    Endpoint,
    /// All of consign on this machine.
    Process,
}

/// What becomes of a message that meets the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reaction {
    /// The same input gives the same problem: it fails.
    Fail,
    /// It is tried again by itself, after a while.
    Wait,
    /// A person must decide: it is held.
    Hold,
    /// It stays where it is; nothing of it is undone or repeated.
    Leave,
    /// As [`Reaction::Wait`], and no further message of the flow is carried in this run: it would meet the same.
    Stop,
}

/// Which part of the work a code is about: its first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// C1xx: the workspace.
    Configuration,
    /// C2xx: a document by itself.
    Document,
    /// C3xx: drops and disks.
    Drop,
    /// C4xx: a document meets Odoo's data.
    Data,
    /// C5xx: Odoo itself.
    Odoo,
    /// C9xx: our own state.
    Own,
}

/// One entry of the register.
#[derive(Debug)]
pub struct CodeInfo {
    /// The code as printed.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Who must act, unless the place that found it knows better.
    pub who: Who,
    /// How far it reaches.
    pub scope: Scope,
    /// What becomes of a message that meets it.
    pub reaction: Reaction,
    /// What it means and what to do, for `consign explain`.
    pub text: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $who:ident, $scope:ident, $reaction:ident, $title:literal, $text:literal;)*) => {
        /// A code of the register.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!($code, ": ", $title, ".")] $name,)*
        }

        /// Every code with its entry, in the order of the enum.
        const REGISTER: &[(Code, CodeInfo)] = &[$((Code::$name, CodeInfo {
            code: $code, title: $title, who: Who::$who, scope: Scope::$scope, reaction: Reaction::$reaction, text: $text,
        })),*];
    };
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Code {
    /// The entry behind the code.
    pub fn info(self) -> &'static CodeInfo {
        &REGISTER[self as usize].1
    }

    /// Every entry, in order.
    pub fn all() -> impl Iterator<Item = &'static CodeInfo> {
        REGISTER.iter().map(|(_, info)| info)
    }

    /// The code as printed: `C412`.
    pub fn as_str(self) -> &'static str {
        self.info().code
    }

    /// How far a problem of this code reaches.
    pub fn scope(self) -> Scope {
        self.info().scope
    }

    /// What becomes of a message that meets it.
    pub fn reaction(self) -> Reaction {
        self.info().reaction
    }

    /// Which part of the work it is about.
    pub fn area(self) -> Area {
        match self.as_str().as_bytes().get(1) {
            Some(b'1') => Area::Configuration,
            Some(b'2') => Area::Document,
            Some(b'3') => Area::Drop,
            Some(b'4') => Area::Data,
            Some(b'5') => Area::Odoo,
            _ => Area::Own,
        }
    }

    /// The code registered under this text, upper or lower case.
    pub fn find(text: &str) -> Option<Self> {
        REGISTER.iter().find(|(_, info)| info.code.eq_ignore_ascii_case(text)).map(|(code, _)| *code)
    }
}

codes! {
    ConfigUnreadable = "C101", Consultant, Flow, Wait, "a configuration file cannot be read", "The file is missing, is not UTF-8, or may not be read by this user.";
    ConfigSyntax = "C102", Consultant, Flow, Fail, "a configuration file is not TOML", "The place shows where the reader stopped; a missing quote or bracket on the line before is the usual cause.";
    ConfigUnknownKey = "C103", Consultant, Flow, Fail, "an unknown key", "Every key is known; one that is not has no effect, so it is refused. The hint names the nearest known key.";
    ConfigMissingKey = "C104", Consultant, Flow, Wait, "a key is missing", "The table lacks a key that it must have.";
    ConfigBadValue = "C105", Consultant, Flow, Wait, "a value is not what the key takes", "The sentence says what the key takes.";
    ConfigUnknownName = "C106", Consultant, Flow, Wait, "a name that is defined nowhere", "A flow names a partner, a mapping, a template or a folder that the workspace does not have.";
    ConfigSecret = "C107", Ops, Flow, Wait, "a secret is missing", "Secrets come from an environment variable or a file. The one named is not set, or the file cannot be read.";
    MappingPath = "C108", Consultant, Flow, Fail, "a path that the schema does not have", "The mapping reads an element or attribute that no document of this schema can have. The hint names the nearest one at that place.";
    MappingField = "C109", Consultant, Flow, Fail, "a field that the Odoo model does not have", "Checked against the workspace's snapshot of Odoo's fields, or the one built in (Odoo 19). The hint names the nearest field.";
    Template = "C110", Consultant, Flow, Fail, "a template does not work", "The template has a mistake, uses a name that the flow does not read, or a value it needs is empty.";
    Schedule = "C111", Consultant, Flow, Fail, "a schedule cannot be understood", "Write `every 15 minutes`, `every 2 hours`, or a cron line of five fields such as `0 6,18 * * *`, and a time zone as `Europe/Berlin`.";
    SchemaBroken = "C112", Consultant, Flow, Wait, "a schema does not compile", "The XSD breaks a rule of XML Schema, or imports a file that is not in the workspace.";
    SchemaMissing = "C113", Consultant, Flow, Wait, "a schema is not in the workspace", "Third-party schemas are not shipped. Get the set from its publisher and add it with `consign schemas add NAME FOLDER-OR-ZIP`.";
    PathEscapes = "C114", Consultant, Flow, Fail, "a path leaves its folder", "Paths in a workspace stay inside it: no absolute path, no `..` out of it, no link out of it.";
    Expression = "C115", Consultant, Flow, Fail, "an expression or path cannot be parsed", "Paths are a small part of XPath 1.0, expressions are minijinja expressions; docs/mapping.md shows both.";
    FunctionUnknown = "C116", Consultant, Flow, Fail, "an unknown conversion", "`as` takes one of the conversions listed in docs/mapping.md.";
    FlowUnknown = "C117", Ops, Flow, Fail, "no such flow", "The workspace has no flow of that name; `consign status` lists them.";
    FieldReadonly = "C118", Consultant, Flow, Fail, "a field that Odoo computes", "The field cannot be written; map one of the fields it is computed from.";
    FieldRequired = "C119", Consultant, Flow, Fail, "a field that Odoo requires is not mapped", "Odoo refuses a new record without it and has no default for it, as far as the snapshot tells.";
    ActionUnknown = "C120", Consultant, Flow, Fail, "an Odoo method needs an option", "It would open a dialog, so the mapping must say how to answer it; and records that are always made anew need a method that marks them; docs/mapping.md lists the methods and what can be decided.";
    InTheClear = "C121", Ops, Flow, Leave, "a secret travels in the clear", "The address has no TLS and is not this machine's: whoever can listen on the way reads the password. It works; `consign check` warns of it.";
    ConfigRenamed = "C122", Consultant, Flow, Leave, "a key has a new name", "The old name still works. `consign migrate` writes the new names into the files of the workspace.";

    DocEmpty = "C201", Partner, Document, Fail, "the file is empty", "0 bytes, or nothing but blanks. Usually the sender's export was cut off: ask for the file again.";
    DocMalformed = "C202", Partner, Document, Fail, "the file is not well-formed XML", "It is truncated, is not XML at all, or has a broken tag or reference. The place shows where the reader had to stop.";
    DocEncoding = "C203", Partner, Document, Fail, "the file's bytes do not fit its encoding", "The XML declaration (or the flow, for CSV) names an encoding, and the bytes are not valid in it.";
    DocDoctype = "C204", Partner, Document, Fail, "the file has a DOCTYPE", "Document type declarations are refused: they can pull in other files and expand without bound.";
    DocLimit = "C205", Partner, Document, Fail, "the file is beyond a limit", "Size, depth, number of elements or length of a value is above the limit of the flow.";
    DocRoot = "C206", Partner, Document, Fail, "another kind of document than the flow takes", "The root element or its namespace is not declared in the flow's schema: the wrong file, or the wrong folder.";
    DocUnexpected = "C210", Partner, Document, Fail, "an element that does not belong here", "Misspelt, in the wrong order, or not part of this document at all. The hint lists what may stand here.";
    DocIncomplete = "C211", Partner, Document, Fail, "something required is missing", "The element ends before everything it must contain has come.";
    DocValue = "C212", Partner, Document, Fail, "a value that its type does not allow", "Wrong format, too long, out of range, or not one of the listed values.";
    DocAttribute = "C213", Partner, Document, Fail, "an attribute is missing or not allowed", "The sentence names the attribute.";
    DocKey = "C214", Partner, Document, Fail, "a key is doubled or a reference points nowhere", "The schema says that these values are unique, or refer to one another.";
    DocSchema = "C219", Partner, Document, Fail, "the document breaks a rule of its schema", "The sentence is the schema engine's.";
    CsvRow = "C220", Partner, Document, Fail, "a CSV row has another number of fields than the header", "Often a separator inside a value that is not quoted.";
    CsvHeader = "C221", Partner, Document, Fail, "the CSV header is not the expected one", "A column that the flow maps is not in the header, or one stands there twice.";
    Package = "C222", Partner, Document, Fail, "a zip that cannot be unpacked", "It is damaged, encrypted, holds no document of the flow, or more than is taken: 10,000 files, 100 of them identical, 1 GiB unpacked, `max_bytes` for each document. Nothing of it went in.";
    OutInvalid = "C230", Consultant, Document, Fail, "the document we made breaks its schema", "Nothing was sent. The template or the data in Odoo must be corrected; the problems that follow show where.";

    DropUnreachable = "C301", Ops, Endpoint, Stop, "the drop cannot be reached", "The server does not answer, or the connection broke. It is tried again by itself at the next poll.";
    DropLogin = "C302", Ops, Endpoint, Stop, "the drop refuses the login", "User, password or key are not accepted by the partner's server.";
    DropHostUnknown = "C303", Ops, Endpoint, Stop, "the server's host key is not known", "Ask the partner for the fingerprint by another way than this connection. If it is the same, accept it with the command shown.";
    DropHostChanged = "C304", Ops, Endpoint, Stop, "the server's host key has changed", "Either the partner has a new server, or someone stands between. Nothing was sent. Ask the partner before you accept the new key.";
    DropMissing = "C305", Ops, Message, Wait, "a folder or file is not there", "The flow's folder does not exist on the drop, or a file vanished between listing and reading.";
    DropDenied = "C306", Ops, Flow, Wait, "the drop refuses an operation", "The user may not list, read, write or rename there. `consign doctor` tries each right.";
    DiskFull = "C307", Ops, Process, Stop, "no space left", "Nothing was lost: what was being written is written again once there is room.";
    DropIo = "C308", Ops, Message, Wait, "reading or writing failed", "An error of the disk or the server that is none of the above.";
    StillChanging = "C310", Nobody, Document, Leave, "the file is still being written", "Its size or time differed between two looks. It is taken once it stands still for the flow's `settle` time.";
    Duplicate = "C311", Nobody, Document, Leave, "an exact duplicate", "The same name with the same content has been taken before. The copy is archived; nothing is done a second time.";
    SameContent = "C312", Ops, Message, Hold, "known content under a new name", "The same bytes came before under another name. Held: `consign reprocess ID` takes it all the same.";
    HeldSize = "C313", Partner, Document, Leave, "the file is empty and was left where it is", "Empty files are held, in case they are still to be filled.";
    NameTaken = "C314", Ops, Message, Fail, "another file of that name lies at the partner's", "A document that we send would replace one that the partner has not fetched. Nothing is ever replaced.";
    AcknowledgeFailed = "C315", Ops, Message, Wait, "the file could not be moved on the partner's side", "What it did, or that it was refused, stands and is not repeated; the move is tried again at each poll.";
    Overtaken = "C316", Ops, Message, Hold, "a newer file was processed meanwhile", "This one waited for something temporary, or is done again, and what came after it has gone through: doing it now would set newer values back. `consign reprocess ID --overwrite` does it all the same.";

    MarkerAwaited = "C317", Nobody, Document, Leave, "waiting for the marker file", "The flow takes a file only once its marker file lies beside it. Until then the file is left alone.";
    DocCut = "C318", Nobody, Document, Leave, "the file's own end is missing", "An upload that was broken off looks like a finished one from outside. The file is left for the flow's `cut` time, in case it is sent again; then it is refused like any broken file.";
    HeldLarge = "C319", Ops, Document, Leave, "the file is too large and was left where it is", "It has more bytes than the flow's `max_bytes`. Raise the limit, or set `large = \"reject\"` to have such files refused.";
    NotCollected = "C320", Ops, Document, Leave, "the partner has not collected a file", "A file that we sent lies longer on the drop than the flow's `pickup` allows.";
    Leased = "C321", Nobody, Endpoint, Wait, "another consign process is polling this folder", "One process looks at a drop at a time, by a lease in the journal. It is tried again at the next poll.";
    DropSlow = "C322", Ops, Endpoint, Stop, "the drop is too slow", "All its transfers together move less than `min_rate` bytes a second, which stands in the partner's drop. It is tried again by itself. Other partners are not kept waiting.";

    ValueMissing = "C401", Partner, Document, Fail, "a required value is missing in the document", "The mapping needs it, though the schema does not require it.";
    ValueConversion = "C402", Partner, Document, Fail, "a value cannot be converted", "The sentence shows the value and what it should have been.";
    ValueExpression = "C403", Consultant, Document, Fail, "an expression failed on this document", "The expression of the mapping cannot be worked out with the values of this document.";
    ValueUnmapped = "C404", Ops, Document, Fail, "a code that the table does not have", "Add the code to the mapping's table, or have the partner send another.";
    IdentityTwice = "C405", Partner, Document, Fail, "the same record twice in one file", "Two entries have the same identity; which one holds cannot be decided.";
    LookupNone = "C412", Ops, Message, Fail, "a record is not in Odoo", "The document names a product, partner or other record that Odoo does not have. Create it, or correct its number, then reprocess.";
    LookupMany = "C413", Ops, Message, Fail, "more than one record fits", "Two or more records in Odoo carry the same number or name. Merge or correct them, then reprocess.";
    OdooRefused = "C414", Ops, Message, Fail, "Odoo refuses the data", "One of Odoo's own rules is broken; the sentence is Odoo's. Nothing of this call was stored.";
    ActionState = "C415", Ops, Message, Fail, "an action did not bring the record to the state it should have", "The record is stored. Look at it in Odoo, finish it there or correct it, then reprocess.";
    Kept = "C416", Ops, Message, Leave, "a value that a person changed in Odoo was left as it is", "Since our last write somebody changed it in Odoo. The document says something else; `overwrite = true` in the mapping would let it win.";
    Uncertain = "C417", Ops, Message, Hold, "outcome of an effect is unknown", "The connection broke, or the process died, during a call to Odoo that leaves no trace, or during the sending of a file, and a look does not tell. Look at the records in Odoo or at the partner's side; then `consign resolve ID --happened`, or `--did-not-happen` to have it done.";
    RecordRefused = "C418", Ops, Message, Leave, "some records of the file were refused", "The rest went in. What was refused lies in the error folder as a smaller file of the same format: correct it and drop it again.";
    Changed = "C419", Ops, Message, Leave, "a record was changed after it was sent", "The flow says what becomes of it: `changed = \"ignore\"`, `\"resend\"` or `\"report\"`.";
    LookupHeld = "C420", Ops, Message, Hold, "a document waits for a record in Odoo", "The mapping says that the document is held until the record is there, or there is only one. Make it so, then reprocess the message.";

    AnswerUnknown = "C421", Ops, Message, Fail, "acknowledgement does not match any sent document", "A partner's answer names a document that none of its flows sent, or that expects no answer. Look at its number; the mapping may read another one than the flow's `numbers`.";
    AnswerUngiven = "C422", Consultant, Message, Wait, "a document could not be answered", "What the document did is complete and is not repeated. The answer is tried again by itself, at the latest after an hour; `consign run --once FLOW` tries it now.";

    MayLand = "C423", Nobody, Message, Wait, "an effect may still happen", "The process died, or an answer was lost, and the other side may still be working. consign checks once that time is over, and repeats nothing before. Where it is an Odoo, every flow that writes to it waits until then; files are received all the same.";
    AnswerGone = "C424", Consultant, Message, Hold, "an answer whose flow gives none any more", "The message is an answer to a partner's document, and its flow has no [answer] now. What the document did is complete.";

    OdooUnreachable = "C501", Ops, Endpoint, Stop, "Odoo cannot be reached", "Nothing is lost; every message waits and is tried again by itself.";
    OdooLogin = "C502", Ops, Endpoint, Stop, "Odoo refuses the login", "Database, login or password are wrong.";
    OdooKey = "C503", Ops, Endpoint, Stop, "Odoo refuses the API key", "The key is wrong, revoked or expired (Odoo keys live three months at most). Make a new one in Odoo under Preferences, Account Security.";
    OdooRights = "C504", Ops, Flow, Wait, "the Odoo user may not do this", "The user of consign lacks a right or a record rule hides the record.";
    OdooError = "C505", Ops, Message, Fail, "Odoo failed with an error of its own", "Not one of the errors that going again can mend. The sentence is Odoo's; its log has more.";
    OdooBusy = "C506", Nobody, Message, Wait, "Odoo was busy with the same records", "Two writers met. Tried again by itself.";
    OdooTimeout = "C507", Ops, Message, Wait, "Odoo did not answer in time", "It may have done the work all the same: before anything is repeated, the records are looked up.";
    OdooVersion = "C508", Ops, Endpoint, Stop, "an Odoo that cannot be spoken to", "The server's version is not supported by the chosen dialect.";
    OdooUnknown = "C509", Consultant, Flow, Fail, "Odoo does not know a model or method", "A module is not installed, or the mapping was made for another version.";
    OdooAnswer = "C510", Ops, Endpoint, Wait, "an answer that is not Odoo's", "Something else answers at this address: a proxy, a login page, another service.";
    OdooKeyEnds = "C511", Ops, Endpoint, Leave, "an API key ends soon", "Odoo refuses a key after its end, and every message waits from then on. Make a new key in the preferences of that user, put it where the old one is, and restart consign.";
    OdooCertificate = "C512", Ops, Endpoint, Stop, "Odoo's certificate is refused", "Nothing was sent. The sentence says why: it has expired, is for another name, or comes from an issuer that this machine does not trust. Every message waits and is tried again by itself.";

    Journal = "C901", Ops, Process, Stop, "the journal cannot be read or written", "The SQLite file is damaged, locked, or its disk is full.";
    Locked = "C902", Ops, Process, Stop, "another consign works on this workspace", "One process writes a workspace at a time. Stop the other one, or wait for it.";
    Stage = "C903", Ops, Message, Fail, "a message cannot take this step", "The message is at a stage from which this does not follow.";
    MessageUnknown = "C904", Ops, Message, Fail, "no such message", "Give the id, or its first or last digits, as `consign log` shows them.";
    OriginalLost = "C905", Ops, Message, Fail, "the original bytes are gone", "The file that consign kept was removed or changed by someone; it cannot be processed again.";
    Usage = "C906", Ops, Process, Fail, "the command cannot be carried out as given", "The sentence says what is missing.";
    Stuck = "C907", Ops, Process, Wait, "validation is stuck", "Documents before this one took too long and cannot be stopped (C205 tells which); with more of them the machine would have no time for anything else. It goes on when they come to an end; a restart ends them.";
    AlertUnsent = "C908", Ops, Endpoint, Wait, "alert delivery failed", "The mail server or the webhook of [alerts] did not take it. It is retried with back-off; `consign alerts` shows the active alerts meanwhile.";
    Web = "C909", Ops, Process, Fail, "the web page cannot be served", "Its address is taken, or not one of this machine: `listen` in [web] of consign.toml names another.";
    Backup = "C910", Ops, Process, Fail, "a backup cannot be made or brought back", "Nothing was overwritten and nothing half-made was left. The sentence says which file, and why.";
    Traces = "C911", Ops, Endpoint, Wait, "traces are not taken", "The collector of [traces] is away or refuses them. They are sent again by themselves, as long as consign runs; messages are not touched by it.";
    Restored = "C912", Ops, Message, Hold, "a document that may have been sent already", "The journal was restored from a backup, which does not know what was sent after it was made; or the flow works with another Odoo than before, perhaps the same one under another name. Look whether the partner has it: `consign release` sends it, `consign discard` does not.";
    JournalRow = "C913", Ops, Process, Stop, "a row of the journal cannot be read", "A value in the journal is not what its column holds. The sentence names table, column and row. Nothing is guessed: restore a backup, or ask for help with a copy of the journal.";
    MessageMoved = "C914", Nobody, Message, Leave, "a message was moved by someone else", "A person, or another process, moved the message while it was being worked on. Nothing further is done with it now; the next run takes it as it is.";
    EarlierJournal = "C915", Ops, Process, Stop, "the journal is of an earlier version", "This consign must upgrade the journal before it uses it. `consign status` copies the old journal and upgrades it. Other commands refuse, because an older consign may still be running.";
    TookPlace = "C916", Ops, Message, Hold, "an earlier run had its effect after the message was started again", "A person discarded the message and reprocessed it while consign was still working on its earlier run, and that run had its effect. `consign discard` keeps that result; `consign release` repeats the effect.";
    JournalLost = "C917", Ops, Process, Stop, "the journal is missing, or is not the one that belongs here", "The storage holds files that the journal should know. With another journal, documents would be sent and records written a second time, and numbers would begin again. Bring the journal back (`consign restore`), or say that a new one is meant: `consign init --new-journal`.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        let codes: Vec<_> = Code::all().map(|info| info.code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }

    #[test]
    fn every_code_stands_where_its_entry_is_looked_for() {
        assert!(REGISTER.iter().enumerate().all(|(at, (code, _))| *code as usize == at));
    }
}
