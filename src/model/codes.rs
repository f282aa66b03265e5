//! The central register of problem codes. A code is stable and never gets another meaning.
//!
//! C1xx configuration, C2xx documents, C3xx drops and disks, C4xx a document meets Odoo's data, C5xx Odoo itself, C9xx our own state.
//!
//! **Invariant:** the consequences of a problem are defined only here. Its [`Reaction`] says what happens to the message, its
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
    /// Nobody: consign resolves it automatically.
    Nobody,
}

impl Who {
    /// The word printed after `owner:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Ops => "ops",
            Self::Consultant => "consultant",
            Self::Nobody => "nobody",
        }
    }
}

/// How far a problem reaches, from one document to all of consign. Everything in the scope would meet the same problem, so one
/// occurrence counts for the whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// This document: its bytes are wrong.
    Document,
    /// This message: another one with the same document may succeed.
    Message,
    /// Every message of the flow.
    Flow,
    /// Everything that goes to or comes from this server.
    Endpoint,
    /// All of consign on this machine.
    Process,
}

/// What happens to a message that meets the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reaction {
    /// The same input gives the same problem: it fails.
    Fail,
    /// It is retried automatically, with back-off.
    Wait,
    /// A person must decide: it is held.
    Hold,
    /// The message stays as it is; nothing is undone or repeated.
    Leave,
    /// As [`Reaction::Wait`], and this run processes no further message of the flow: it would meet the same problem.
    Stop,
}

/// Which part of the work a code concerns: its first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// C1xx: the workspace.
    Configuration,
    /// C2xx: a document alone.
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
    /// What happens to a message that meets it.
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
    /// The entry of the code.
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

    /// What happens to a message that meets it.
    pub fn reaction(self) -> Reaction {
        self.info().reaction
    }

    /// Which part of the work it concerns.
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
    ConfigUnreadable = "C101", Consultant, Flow, Wait, "a configuration file cannot be read", "The file is missing, is not UTF-8, or this user may not read it.";
    ConfigSyntax = "C102", Consultant, Flow, Fail, "a configuration file is not TOML", "The place shows where the parser stopped. Usually a quote or bracket is missing on the line before.";
    ConfigUnknownKey = "C103", Consultant, Flow, Fail, "unknown key", "A key that consign does not know would have no effect, so it is refused. The hint names the nearest known key.";
    ConfigMissingKey = "C104", Consultant, Flow, Wait, "a key is missing", "The table lacks a required key.";
    ConfigBadValue = "C105", Consultant, Flow, Wait, "invalid value for a key", "The problem says which values the key accepts.";
    ConfigUnknownName = "C106", Consultant, Flow, Wait, "undefined name", "A flow names a partner, a mapping, a template or a folder that the workspace does not have.";
    ConfigSecret = "C107", Ops, Flow, Wait, "a secret is missing", "Secrets come from an environment variable or a file. The variable is not set, or the file cannot be read.";
    MappingPath = "C108", Consultant, Flow, Fail, "the path does not exist in the schema", "The mapping reads an element or attribute that no document of this schema can have. The hint names the nearest one at that place.";
    MappingField = "C109", Consultant, Flow, Fail, "the field does not exist in the Odoo model", "consign compares the mapping with the workspace's field snapshot, or the built-in one (Odoo 19). The hint names the nearest field.";
    Template = "C110", Consultant, Flow, Fail, "a template fails", "The template has a mistake, uses a name that the flow does not read, or needs a value that is empty.";
    Schedule = "C111", Consultant, Flow, Fail, "invalid schedule", "Write `every 15 minutes`, `every 2 hours`, or a cron line of five fields such as `0 6,18 * * *`. Write a time zone as `Europe/Berlin`.";
    SchemaBroken = "C112", Consultant, Flow, Wait, "a schema does not compile", "The XSD breaks a rule of XML Schema, or imports a file that is not in the workspace.";
    SchemaMissing = "C113", Consultant, Flow, Wait, "a schema is not in the workspace", "consign does not ship third-party schemas. Get the set from its publisher and add it with `consign schemas add NAME FOLDER-OR-ZIP`.";
    PathEscapes = "C114", Consultant, Flow, Fail, "a path leaves its folder", "Paths in a workspace stay inside it: no absolute path, no `..` out of it, no link out of it.";
    Expression = "C115", Consultant, Flow, Fail, "an expression or path cannot be parsed", "Paths are a small part of XPath 1.0. Expressions are minijinja expressions. docs/mapping.md shows both.";
    FunctionUnknown = "C116", Consultant, Flow, Fail, "unknown conversion", "`as` accepts the conversions listed in docs/mapping.md.";
    FlowUnknown = "C117", Ops, Flow, Fail, "no such flow", "The workspace has no flow of that name. `consign status` lists the flows.";
    FieldReadonly = "C118", Consultant, Flow, Fail, "Odoo computes this field", "The field cannot be written. Map one of the fields that it is computed from.";
    FieldRequired = "C119", Consultant, Flow, Fail, "a field that Odoo requires is not mapped", "Odoo refuses a new record without this field. According to the snapshot, the field has no default.";
    ActionUnknown = "C120", Consultant, Flow, Fail, "an Odoo method needs an option", "The method would open a dialog, so the mapping must say how to answer it. A step that always creates records needs a method that marks them. docs/mapping.md lists the methods and their options.";
    InTheClear = "C121", Ops, Flow, Leave, "a secret is sent unencrypted", "The address has no TLS and is not on this machine. Anyone who can listen on the network reads the password. The connection works; `consign check` warns about it.";
    ConfigRenamed = "C122", Consultant, Flow, Leave, "a key has a new name", "The old name still works. `consign migrate` writes the new names into the files of the workspace.";

    DocEmpty = "C201", Partner, Document, Fail, "the file is empty", "It has 0 bytes, or only blanks. Usually the sender's export was cut off: ask for the file again.";
    DocMalformed = "C202", Partner, Document, Fail, "the file is not well-formed XML", "It is truncated, is not XML at all, or has a broken tag or reference. The place shows where the parser had to stop.";
    DocEncoding = "C203", Partner, Document, Fail, "the file's bytes do not match its encoding", "The XML declaration (or the flow, for CSV) names an encoding, and the bytes are not valid in it.";
    DocDoctype = "C204", Partner, Document, Fail, "the file has a DOCTYPE", "consign refuses document type declarations: they can load other files and expand without limit.";
    DocLimit = "C205", Partner, Document, Fail, "the file exceeds a limit", "Its size, depth, number of elements or the length of a value is above the flow's limit.";
    DocRoot = "C206", Partner, Document, Fail, "wrong kind of document for this flow", "The flow's schema does not declare the root element or its namespace. It is the wrong file, or the wrong folder.";
    DocUnexpected = "C210", Partner, Document, Fail, "unexpected element", "It is misspelt, in the wrong order, or not part of this document at all. The hint lists what is allowed here.";
    DocIncomplete = "C211", Partner, Document, Fail, "something required is missing", "The element ends before all its required content is there.";
    DocValue = "C212", Partner, Document, Fail, "invalid value", "The value has the wrong format, is too long, is out of range, or is not one of the listed values.";
    DocAttribute = "C213", Partner, Document, Fail, "an attribute is missing or not allowed", "The problem names the attribute.";
    DocKey = "C214", Partner, Document, Fail, "duplicate key, or a reference to nothing", "The schema says that these values are unique, or refer to one another.";
    DocSchema = "C219", Partner, Document, Fail, "the document breaks a rule of its schema", "The text comes from the schema engine.";
    CsvRow = "C220", Partner, Document, Fail, "a CSV row has more or fewer fields than the header", "Often a value contains the separator and is not quoted.";
    CsvHeader = "C221", Partner, Document, Fail, "unexpected CSV header", "A column that the flow maps is missing from the header, or is there twice.";
    Package = "C222", Partner, Document, Fail, "the zip cannot be unpacked", "It is damaged or encrypted, holds no document of the flow, or exceeds a limit. The limits are 10,000 files, 100 identical files, 1 GiB unpacked, and `max_bytes` for each document. Nothing in it was processed.";
    OutInvalid = "C230", Consultant, Document, Fail, "the generated document breaks its schema", "Nothing was sent. Correct the template or the data in Odoo. The problems that follow show where.";

    DropUnreachable = "C301", Ops, Endpoint, Stop, "the drop cannot be reached", "The server does not answer, or the connection broke. consign retries automatically at the next poll.";
    DropLogin = "C302", Ops, Endpoint, Stop, "the drop refuses the login", "The partner's server does not accept the user, password or key.";
    DropHostUnknown = "C303", Ops, Endpoint, Stop, "the server's host key is unknown", "Ask the partner for the fingerprint, but not over this connection. If it is the same, accept it with the command shown.";
    DropHostChanged = "C304", Ops, Endpoint, Stop, "the server's host key has changed", "Either the partner has a new server, or somebody intercepts the connection. Nothing was sent. Ask the partner before you accept the new key.";
    DropMissing = "C305", Ops, Message, Wait, "a folder or file does not exist", "The flow's folder does not exist on the drop, or a file vanished between listing and reading.";
    DropDenied = "C306", Ops, Flow, Wait, "the drop refuses an operation", "The user may not list, read, write or rename there. `consign doctor` tests each permission.";
    DiskFull = "C307", Ops, Process, Stop, "no space left", "Nothing was lost. consign repeats the write once there is space.";
    DropIo = "C308", Ops, Message, Wait, "reading or writing failed", "The disk or the server reported an error that has no code of its own.";
    StillChanging = "C310", Nobody, Document, Leave, "the file is still being written", "Its size or time changed between two checks. consign receives the file once it has not changed for the flow's `stable_for` time.";
    Duplicate = "C311", Nobody, Document, Leave, "exact duplicate", "A file with the same name and content was received before. The copy is archived and not processed.";
    SameContent = "C312", Ops, Message, Hold, "duplicate content under a new name", "The same bytes were received before under another name. The message is held: `consign reprocess ID` processes it anyway.";
    HeldSize = "C313", Partner, Document, Leave, "the file is empty and was left where it is", "consign does not receive an empty file, because the partner may still fill it.";
    NameTaken = "C314", Ops, Message, Fail, "the partner already has another file of that name", "The document would replace a file that the partner has not fetched. consign never replaces a file.";
    AcknowledgeFailed = "C315", Ops, Message, Wait, "the file could not be moved on the drop", "The message was processed or refused, and that result is not repeated. consign retries the move at each poll.";
    Overtaken = "C316", Ops, Message, Hold, "a newer file was processed meanwhile", "This message waited for something temporary, or a person reprocessed it. A newer message was processed meanwhile, so this one would overwrite newer values. `consign reprocess ID --overwrite` processes it anyway.";

    MarkerAwaited = "C317", Nobody, Document, Leave, "waiting for the marker file", "The flow receives a file only once its marker file is beside it. Until then it leaves the file alone.";
    DocCut = "C318", Nobody, Document, Leave, "the end of the file is missing", "An interrupted upload looks like a finished one. consign leaves the file for the flow's `incomplete_timeout` time, in case the partner sends it again. After that it refuses it like any broken file.";
    HeldLarge = "C319", Ops, Document, Leave, "the file is too large and was left where it is", "It has more bytes than the flow's `max_bytes`. Raise the limit, or set `large = \"reject\"` to refuse such files.";
    NotCollected = "C320", Ops, Document, Leave, "the partner has not collected a file", "A file that we sent has been on the drop longer than the flow's `pickup` allows.";
    Leased = "C321", Nobody, Endpoint, Wait, "another consign process is polling this folder", "Only one process polls a drop at a time; it takes a lease in the journal. consign retries at the next poll.";
    DropSlow = "C322", Ops, Endpoint, Stop, "the drop is too slow", "All its transfers together move less than `min_rate` bytes a second; the partner's drop sets that limit. consign retries automatically. Other partners do not wait for it.";

    ValueMissing = "C401", Partner, Document, Fail, "a required value is missing in the document", "The mapping needs the value, although the schema does not require it.";
    ValueConversion = "C402", Partner, Document, Fail, "a value cannot be converted", "The problem shows the value and the expected form.";
    ValueExpression = "C403", Consultant, Document, Fail, "an expression failed on this document", "The mapping's expression cannot be evaluated with the values of this document.";
    ValueUnmapped = "C404", Ops, Document, Fail, "the code is not in the table", "Add the code to the mapping's table, or ask the partner to send another one.";
    IdentityTwice = "C405", Partner, Document, Fail, "a record is there twice, or contradicts itself", "Two entries have the same identity, or the rows of one entry contradict each other. consign cannot decide which one is right.";
    LookupNone = "C412", Ops, Message, Fail, "a record is not in Odoo", "The document names a product, partner or other record that Odoo does not have. Create it, or correct its number, then reprocess.";
    LookupMany = "C413", Ops, Message, Fail, "more than one record matches", "Two or more records in Odoo have the same number or name. Merge or correct them, then reprocess.";
    OdooRefused = "C414", Ops, Message, Fail, "Odoo refuses the data", "The data breaks a rule in Odoo; the text comes from Odoo. Nothing of this call was stored.";
    ActionState = "C415", Ops, Message, Fail, "a record is not in the expected state after an action", "The record is stored. Open it in Odoo and finish or correct it there, then reprocess.";
    Kept = "C416", Ops, Message, Leave, "kept a value that a person changed in Odoo", "Somebody changed the value in Odoo after our last write, and the document has a different one. To let documents win, set `overwrite = true` in the mapping.";
    Uncertain = "C417", Ops, Message, Hold, "outcome of an effect is unknown", "The connection broke or the process died, and consign cannot check the outcome. It was calling Odoo or sending a file. Check the records in Odoo or the partner's side. Then run `consign resolve ID --happened`, or `--did-not-happen` to have it done.";
    RecordRefused = "C418", Ops, Message, Leave, "some records of the file were refused", "The others were processed. The refused records are in the error folder, in a smaller file of the same format. Correct that file and drop it again.";
    Changed = "C419", Ops, Message, Leave, "a record was changed after it was sent", "The flow says how to react: `on_change = \"ignore\"`, `\"resend\"` or `\"report\"`.";
    LookupHeld = "C420", Ops, Message, Hold, "a document waits for a record in Odoo", "The mapping holds the document until the record exists, or until only one matches. Create or correct the record, then reprocess the message.";

    AnswerUnknown = "C421", Ops, Message, Fail, "acknowledgement does not match any sent document", "An acknowledgement names a document that none of the partner's flows sent, or that expects no acknowledgement. Check its number: the mapping may read a different one than the flow's `numbers`.";
    AnswerUngiven = "C422", Consultant, Message, Wait, "a document could not be acknowledged", "The document itself is complete and is not repeated. consign retries the acknowledgement automatically, at the latest after an hour. `consign run --once FLOW` tries it now.";

    MayLand = "C423", Nobody, Message, Wait, "an effect may still happen", "The process died, or an answer was lost, and the other side may still be working. consign checks once that time is over, and repeats nothing before. If the other side is an Odoo, every flow that writes to it waits until then. Files are still received.";
    AnswerGone = "C424", Consultant, Message, Hold, "an acknowledgement whose flow sends none any more", "The message is an acknowledgement of a partner's document, and its flow has no [answer] now. The document itself is complete.";

    OdooUnreachable = "C501", Ops, Endpoint, Stop, "Odoo cannot be reached", "Nothing is lost. Every message waits and is retried automatically.";
    OdooLogin = "C502", Ops, Endpoint, Stop, "Odoo refuses the login", "The database, login or password is wrong.";
    OdooKey = "C503", Ops, Endpoint, Stop, "Odoo refuses the API key", "The key is wrong, revoked or expired. Odoo keys are valid for three months at most. Create a new one in Odoo under Preferences, Account Security.";
    OdooRights = "C504", Ops, Flow, Wait, "the Odoo user may not do this", "The Odoo user of consign lacks a right, or a record rule hides the record.";
    OdooError = "C505", Ops, Message, Fail, "Odoo failed with an internal error", "A retry would not help. The text comes from Odoo; its log has more.";
    OdooBusy = "C506", Nobody, Message, Wait, "Odoo was busy with the same records", "Somebody else wrote to them at the same time. consign retries automatically.";
    OdooTimeout = "C507", Ops, Message, Wait, "Odoo did not answer in time", "Odoo may have done the work anyway. consign looks up the records before it repeats anything.";
    OdooVersion = "C508", Ops, Endpoint, Stop, "unsupported version of Odoo", "The chosen dialect does not support the server's version.";
    OdooUnknown = "C509", Consultant, Flow, Fail, "Odoo does not know a model or method", "A module is not installed, or the mapping was made for another version.";
    OdooAnswer = "C510", Ops, Endpoint, Wait, "the answer does not come from Odoo", "Something else answers at this address: a proxy, a login page, another service.";
    OdooKeyEnds = "C511", Ops, Endpoint, Leave, "an API key expires soon", "Odoo refuses an expired key, and then every message waits. Create a new key in that user's preferences, replace the old key with it, and restart consign.";
    OdooCertificate = "C512", Ops, Endpoint, Stop, "Odoo's certificate is refused", "Nothing was sent. The problem says why: the certificate has expired, is for another name, or has an issuer that this machine does not trust. Every message waits and is retried automatically.";

    Journal = "C901", Ops, Process, Stop, "the journal cannot be read or written", "The SQLite file is damaged or locked, or its disk is full.";
    Locked = "C902", Ops, Process, Stop, "another consign process uses this workspace", "Only one process writes to a workspace at a time. Stop the other one, or wait for it.";
    Stage = "C903", Ops, Message, Fail, "a message cannot take this step", "The message is in a stage that does not allow this step.";
    MessageUnknown = "C904", Ops, Message, Fail, "no such message", "Give the id, or its first or last digits, as `consign log` shows them.";
    OriginalLost = "C905", Ops, Message, Fail, "the original file is lost", "Somebody removed or changed the file that consign stored. The message cannot be processed again.";
    Usage = "C906", Ops, Process, Fail, "the command cannot run as given", "The problem says what is missing.";
    Stuck = "C907", Ops, Process, Wait, "validation is stuck", "Earlier documents took too long and cannot be stopped (they have C205). More of them would leave no time for anything else on this machine. Validation continues when they end; a restart ends them.";
    AlertUnsent = "C908", Ops, Endpoint, Wait, "alert delivery failed", "The mail server or the webhook of [alerts] did not accept the alert. It is retried with back-off. `consign alerts` shows the active alerts meanwhile.";
    Web = "C909", Ops, Process, Fail, "the web page cannot be served", "The address is in use, or is not an address of this machine. Set another one: `listen` in [web] of consign.toml.";
    Backup = "C910", Ops, Process, Fail, "backup or restore failed", "Nothing was overwritten, and no incomplete file was left. The problem says which file, and why.";
    Traces = "C911", Ops, Endpoint, Wait, "traces could not be delivered", "The collector of [traces] does not answer, or refuses them. consign retries automatically as long as it runs. Messages are not affected.";
    Restored = "C912", Ops, Message, Hold, "a document may have been sent already", "The journal was restored from a backup and does not know what was sent after it. Or the flow uses another Odoo than before, perhaps the same one under another name. Check whether the partner has the document: `consign release` sends it, `consign discard` does not.";
    JournalRow = "C913", Ops, Process, Stop, "a row of the journal cannot be read", "A value in the journal does not fit its column. The problem names table, column and row. consign guesses nothing: restore a backup, or ask for help with a copy of the journal.";
    MessageMoved = "C914", Nobody, Message, Leave, "a message was moved by someone else", "A person or another process moved the message while consign worked on it. This run does nothing more with it. The next run continues from the new stage.";
    EarlierJournal = "C915", Ops, Process, Stop, "the journal is of an earlier version", "This consign must upgrade the journal before it uses it. `consign status` copies the old journal and upgrades it. Other commands refuse, because an older consign may still be running.";
    TookPlace = "C916", Ops, Message, Hold, "an earlier run took effect after the message was reprocessed", "A person discarded and reprocessed the message while its earlier run was still active. Then that run took effect. `consign discard` keeps that result; `consign release` repeats the effect.";
    JournalLost = "C917", Ops, Process, Stop, "the journal is missing, or belongs to another storage", "The storage holds files that the journal should know. Another journal would send documents and write records a second time, and numbers would begin again. Restore the journal with `consign restore`. To begin a new one: `consign init --new-journal`.";
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
