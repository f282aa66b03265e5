//! Edit and reprocess: the original stays unchanged. The edited copy is a message of its own; it refers to its original, and the audit
//! says who edited it, why, and what is different.

use super::diff;
use crate::{
    format::zip,
    journal::{AuditEntry, NewMessage},
    model::{Code, Message, Problem},
    pipeline::Engine,
    storage::digest,
};

/// Maximum size of a file that can be edited, in bytes. The partner must send a larger one again.
pub const LARGEST: u64 = 4 << 20;
/// Maximum size of a stored difference, in bytes.
const DIFFERENCE: usize = 64 << 10;

/// A file's text for editing, with its encoding and line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditableText {
    /// The text to edit.
    pub text: String,
    latin: bool,
    crlf: bool,
}

impl EditableText {
    /// The text of a file: UTF-8, or else Windows-1252, in which every byte is valid.
    pub fn of(bytes: &[u8]) -> Self {
        let (text, latin) = match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_string(), false),
            Err(_) => (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), true),
        };
        let crlf = text.contains("\r\n");
        Self { text, latin, crlf }
    }

    /// The bytes of an edited text, in the encoding and with the line ends of this one.
    ///
    /// # Errors
    /// The text has a character that the encoding does not have.
    pub fn bytes(&self, edited: &str) -> Result<Vec<u8>, Problem> {
        let lines = edited.replace("\r\n", "\n");
        let text = if self.crlf { lines.replace('\n', "\r\n") } else { lines };
        if !self.latin {
            return Ok(text.into_bytes());
        }
        match encoding_rs::WINDOWS_1252.encode(&text) {
            (bytes, _, false) => Ok(bytes.into_owned()),
            (_, _, true) => Err(Problem::new(Code::Usage, "the file is encoded as Windows-1252, which lacks one of the new characters")),
        }
    }
}

/// The text of a message, for editing.
///
/// # Errors
/// The message is too large or outbound, or its original is gone.
pub async fn text(engine: &Engine, message: &Message) -> Result<EditableText, Problem> {
    may_be_edited(message)?;
    let bytes = engine.storage().read(message).await?;
    is_text(message, &bytes)?;
    Ok(EditableText::of(&bytes))
}

fn is_text(message: &Message, bytes: &[u8]) -> Result<(), Problem> {
    match zip::begins(bytes) {
        false => Ok(()),
        true => {
            let text = format!("message {} is a zip: edit the message of the document in it", message.id.short());
            Err(Problem::new(Code::Usage, text))
        }
    }
}

fn may_be_edited(message: &Message) -> Result<(), Problem> {
    let refuse = |why: String| Err(Problem::new(Code::Usage, why));
    if !message.pipeline().maps() {
        return refuse(format!(
            "message {} is outbound and cannot be edited: change the record in Odoo, then reprocess",
            message.id.short()
        ));
    }
    if message.size > LARGEST {
        return refuse(format!(
            "message {} has {} bytes and is too large to edit: the partner must send it again",
            message.id.short(),
            message.size
        ));
    }
    if !message.stage.is_at_rest() {
        return refuse(format!("message {} is {}: hold it first", message.id.short(), message.stage));
    }
    Ok(())
}

/// Creates an edited copy of a message. An original that failed or is held is discarded; the next run of the flow processes the copy.
///
/// # Errors
/// Nothing was changed, no reason is given, the message cannot be edited, or the outcome of an effect is unknown.
pub async fn edit(engine: &Engine, original: &mut Message, bytes: &[u8], entry: &AuditEntry) -> Result<Message, Problem> {
    may_be_edited(original)?;
    if entry.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Problem::new(Code::Usage, "an edited file needs a reason, for the audit log"));
    }
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::new(Code::Usage, format!("the edited file has {} bytes; the maximum is {LARGEST}", bytes.len())));
    }
    let before = engine.storage().read(original).await?;
    is_text(original, &before)?;
    if before == bytes {
        return Err(Problem::new(Code::Usage, "nothing was changed").hint("to reprocess it unchanged: consign reprocess"));
    }
    let mut difference = diff::lines(&EditableText::of(&before).text, &EditableText::of(bytes).text);
    if difference.len() > DIFFERENCE {
        let mut end = DIFFERENCE;
        while !difference.is_char_boundary(end) {
            end -= 1;
        }
        difference.truncate(end);
        difference.push_str("\n    … (truncated)");
    }
    // As in a reprocess: the current Odoo of its flow.
    let flow = engine.workspace().flows.get(&original.flow);
    let odoo = flow.map_or(original.odoo.as_str(), |flow| flow.odoo.as_str());
    let mut copy = NewMessage {
        name: original.name.clone(),
        path: original.path.clone(),
        size: bytes.len() as u64,
        sha256: digest(bytes),
        parent: Some(original.id),
        edited: true,
        ..NewMessage::of(&original.flow, original.direction, odoo)
    };
    copy.stored = engine.storage().spool_edited(copy.id, bytes.to_vec()).await?;
    let replaced = engine.journal().replace(original, &copy, &difference, entry, engine.clock().now()).await;
    if let Err(problem) = &replaced
        && matches!(problem.code, Code::Uncertain | Code::Stage | Code::MessageMoved)
    {
        // It was refused, and nothing was recorded. After any other error the journal may know the copy; if not, the next start deletes it.
        engine.storage().discard_edited(copy.id).await;
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_text_keeps_its_encoding_and_its_line_ends() {
        let unix = EditableText::of("a\nü\n".as_bytes());
        assert_eq!(unix.bytes("a\r\nö\r\n").expect("bytes"), "a\nö\n".as_bytes());
        let windows = EditableText::of(b"a\r\n\xfc\r\n");
        assert_eq!(windows.text, "a\r\nü\r\n");
        assert_eq!(windows.bytes("a\nö\n").expect("bytes"), b"a\r\n\xf6\r\n");
        assert!(windows.bytes("字").is_err());
    }
}
