//! The references of a message: the name of its file, its business numbers, the names of its records in Odoo.

use std::collections::HashMap;

use super::sql::{Cells, Journal, Writing, all, commit};
use crate::model::{MessageId, Problem};

/// Terms of one message, at most; the lines of a catalogue are searched in the catalogue.
const MOST: usize = 1000;
/// Characters of a term; a longer text is not a number.
const LONGEST: usize = 200;

/// A reference of a message.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SearchTerm {
    /// `file`, `record`, or the name that the flow gives to the number.
    pub kind: String,
    /// The number or name.
    pub value: String,
}

pub(super) async fn note<'t>(
    to: &mut Writing<'_>,
    message: MessageId,
    terms: impl Iterator<Item = (&'t str, &'t str)> + Send,
) -> Result<(), Problem> {
    for (kind, value) in terms.filter(|(_, value)| !value.is_empty() && value.len() <= LONGEST).take(MOST) {
        let insert = sqlx::query("insert or ignore into term (message, kind, value) values (?, ?, ?)");
        let insert = insert.bind(message.to_string()).bind(kind).bind(value);
        insert.execute(&mut **to).await?;
    }
    Ok(())
}

/// Writes the business numbers of a message, the kind of each and the number; and the mapping that read them.
pub(super) async fn number(
    to: &mut Writing<'_>,
    message: MessageId,
    numbers: &[(String, String)],
    mapping: Option<&str>,
) -> Result<(), Problem> {
    if let Some(mapping) = mapping {
        let update = sqlx::query("update message set mapping = ? where id = ?").bind(mapping).bind(message.to_string());
        update.execute(&mut **to).await?;
    }
    note(to, message, numbers.iter().map(|(kind, value)| (kind.as_str(), value.as_str()))).await
}

/// What people call a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct KnownAs {
    /// Its first business number.
    pub number: Option<String>,
    /// How many further business numbers of that kind it has.
    pub further: u64,
    /// Its amount and currency as the document has them; none if it has several amounts.
    pub amount: Option<String>,
    /// The name of one of its records in Odoo; that of a partner only where there is no other.
    pub record: Option<String>,
}

impl Journal {
    /// What people call these messages.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn known_as(&self, messages: &[MessageId]) -> Result<HashMap<MessageId, KnownAs>, Problem> {
        let ids = serde_json::json!(messages.iter().map(ToString::to_string).collect::<Vec<_>>()).to_string();
        let query = sqlx::query(
            "select one.value as message, first.value as number,
                case when first.id is not null
                    then (select count(*) - 1 from term where term.message = first.message and term.kind = first.kind) end as others,
                (select case when count(*) = 1 then max(value) end from term where term.message = one.value and kind = 'amount') as amount,
                (select case when count(*) = 1 then max(value) end from term where term.message = one.value and kind = 'currency') as currency,
                (select record.name from record where record.message = one.value
                    order by record.model = 'res.partner', record.model, record.odoo_id limit 1) as record
             from json_each(?) one left join term first on first.id = (select id from term
                where term.message = one.value and kind not in ('file', 'record', 'amount', 'currency') order by id limit 1)",
        );
        let rows = all(&query.bind(ids).fetch_all(&self.pool).await?, |row| {
            let cells = Cells::of("term", "message", row);
            let (amount, currency): (Option<String>, Option<String>) = (cells.get("amount")?, cells.get("currency")?);
            let known = KnownAs {
                number: cells.get("number")?,
                further: cells.maybe_number("others")?.unwrap_or_default(),
                amount: amount.map(|amount| currency.map_or_else(|| amount.clone(), |currency| format!("{amount} {currency}"))),
                record: cells.get("record")?,
            };
            Ok((cells.message("message")?, known))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// Writes the business numbers of a message, the kind of each and the number; and the mapping that read them.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn numbered(&self, message: MessageId, numbers: &[(String, String)], mapping: Option<&str>) -> Result<(), Problem> {
        if numbers.is_empty() && mapping.is_none() {
            return Ok(());
        }
        let mut to = self.begin().await?;
        number(&mut to, message, numbers, mapping).await?;
        commit(to).await
    }

    /// The references of a message except its file's name, in the order in which they were written.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn terms(&self, message: MessageId) -> Result<Vec<SearchTerm>, Problem> {
        let query = sqlx::query("select id, kind, value from term where message = ? and kind <> 'file' order by id");
        all(&query.bind(message.to_string()).fetch_all(&self.pool).await?, |row| {
            let cells = Cells::of("term", "id", row);
            Ok(SearchTerm { kind: cells.get("kind")?, value: cells.get("value")? })
        })
    }
}
