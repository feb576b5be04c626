//! Bookmarks: how far a walk that comes back again and again (a sweep) has come, and when it last came to its end.

use domain::Timestamp;
use domain::subject::Subject;

use crate::row::{BookmarkRow, Row};
use crate::{Ledger, LedgerError, Table};

/// A bookmark as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// Where to go on, in the walk's own words.
    pub place: String,
    /// When the walk last came to its end.
    pub at: Timestamp,
    rev: u64,
}

impl<T: Table> Ledger<T> {
    /// The bookmark of this name; `None` before the walk's first end.
    pub async fn bookmark(&self, store: &Subject, name: &str) -> Result<Option<Bookmark>, LedgerError> {
        match self.table.get(&store.to_string(), &format!("bookmark#{name}")).await? {
            Some(Row::Bookmark(row)) => Ok(Some(Bookmark {
                at: Timestamp::from_second(row.at).unwrap_or(Timestamp::MAX),
                place: row.place,
                rev: row.rev,
            })),
            _ => Ok(None),
        }
    }

    /// Moves the bookmark from what was read. `false`: another walk has moved it meanwhile, and its place stands.
    pub async fn move_bookmark(
        &self,
        store: &Subject,
        name: &str,
        from: Option<&Bookmark>,
        place: &str,
        at: Timestamp,
    ) -> Result<bool, LedgerError> {
        let before = from.map_or(0, |bookmark| bookmark.rev);
        let row = Row::Bookmark(BookmarkRow {
            pk: store.to_string(),
            sk: format!("bookmark#{name}"),
            place: place.to_owned(),
            at: at.as_second(),
            rev: before + 1,
        });
        match from {
            None => Ok(self.table.put_new(&row).await?.is_none()),
            Some(_) => Ok(self.table.replace(&row, before).await?),
        }
    }
}
