//! A batch of changes as JavaScript packs it (`npm/storage/src/executions/sqlite-changes.ts`), unpacked without copies.
//!
//! All numbers are little-endian. Text and bytes have their length as 32 bits in front. What one kind of change consists of
//! stands with its fields here, in their order.

use super::failure::{Code, Failure};
use super::status::COUNT;

pub(super) enum Change<'a> {
    Begin(Begin<'a>),
    Append(Append<'a>),
    Update(Update<'a>),
}

pub(super) struct Begin<'a> {
    pub(super) id: &'a str,
    pub(super) flow_id: &'a str,
    pub(super) name: &'a str,
    pub(super) document: &'a str,
    pub(super) document_hash: &'a str,
    pub(super) head: &'a [u8],
    /// A byte says whether there is one.
    pub(super) parent_id: Option<&'a str>,
    pub(super) trigger: &'a str,
    /// 32 bits say how many there are.
    pub(super) tags: Vec<&'a str>,
    pub(super) started_at: f64,
}

pub(super) struct Append<'a> {
    pub(super) id: &'a str,
    pub(super) epoch: i64,
    pub(super) sequence: i64,
    pub(super) journal: &'a [u8],
    pub(super) values: &'a [u8],
    /// Hash and content; 32 bits say how many there are.
    pub(super) blobs: Vec<(&'a str, &'a [u8])>,
}

pub(super) struct Update<'a> {
    pub(super) id: &'a str,
    pub(super) epoch: i64,
    pub(super) updated_at: f64,
    // 16 bits say which of the following there are, and whether it is released.
    pub(super) status: Option<u8>,
    pub(super) ended_at: Option<f64>,
    pub(super) wake_at: Option<Option<f64>>,
    pub(super) reason: Option<Option<&'a str>>,
    pub(super) error: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    pub(super) release: bool,
}

/// Whole numbers beyond it are not exact in JavaScript.
const MOST_EXACT: f64 = ((1_u64 << 53) - 1) as f64;

/// Bits of the parts of an update.
const STATUS: u16 = 1;
const ENDED_AT: u16 = 1 << 1;
const WAKE_AT: u16 = 1 << 2;
const NO_WAKE_AT: u16 = 1 << 3;
const REASON: u16 = 1 << 4;
const NO_REASON: u16 = 1 << 5;
const ERROR: u16 = 1 << 6;
const SUMMARY: u16 = 1 << 7;
const RELEASE: u16 = 1 << 8;

impl<'a> Change<'a> {
    /// The execution that is changed.
    pub(super) fn id(&self) -> &'a str {
        match self {
            Self::Begin(Begin { id, .. })
            | Self::Append(Append { id, .. })
            | Self::Update(Update { id, .. }) => id,
        }
    }
}

/// The changes of a batch, in their order.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Vec<Change<'_>>, Failure> {
    let mut packed = Packed { bytes };
    let mut changes = Vec::new();
    while !packed.bytes.is_empty() {
        changes.push(packed.change().ok_or_else(|| {
            Code::SerializationError
                .because("A batch of changes is malformed: epochs and numbers of records must be whole numbers; otherwise install @atomiton/storage and @atomiton/conductor-native in the same version")
        })?);
    }
    Ok(changes)
}

/// What is left of a batch.
struct Packed<'a> {
    bytes: &'a [u8],
}

impl<'a> Packed<'a> {
    fn change(&mut self) -> Option<Change<'a>> {
        match self.byte()? {
            0 => Some(Change::Begin(Begin {
                id: self.text()?,
                flow_id: self.text()?,
                name: self.text()?,
                document: self.text()?,
                document_hash: self.text()?,
                head: self.block()?,
                parent_id: if self.byte()? == 1 { Some(self.text()?) } else { None },
                trigger: self.text()?,
                tags: (0..self.length()?).map(|_| self.text()).collect::<Option<_>>()?,
                started_at: self.number()?,
            })),
            1 => Some(Change::Append(Append {
                id: self.text()?,
                epoch: self.whole()?,
                sequence: self.whole()?,
                journal: self.block()?,
                values: self.block()?,
                blobs: (0..self.length()?)
                    .map(|_| Some((self.text()?, self.block()?)))
                    .collect::<Option<_>>()?,
            })),
            2 => {
                let (id, epoch, updated_at) = (self.text()?, self.whole()?, self.number()?);
                let parts = u16::from_le_bytes(self.array()?);
                let has = |part: u16| parts & part != 0;
                Some(Change::Update(Update {
                    id,
                    epoch,
                    updated_at,
                    status: if has(STATUS) {
                        Some(self.byte().filter(|&status| status < COUNT)?)
                    } else {
                        None
                    },
                    ended_at: if has(ENDED_AT) { Some(self.number()?) } else { None },
                    wake_at: match (has(WAKE_AT), has(NO_WAKE_AT)) {
                        (true, _) => Some(Some(self.number()?)),
                        (false, clears) => clears.then_some(None),
                    },
                    reason: match (has(REASON), has(NO_REASON)) {
                        (true, _) => Some(Some(self.text()?)),
                        (false, clears) => clears.then_some(None),
                    },
                    error: if has(ERROR) { Some(self.text()?) } else { None },
                    summary: if has(SUMMARY) { Some(self.text()?) } else { None },
                    release: has(RELEASE),
                }))
            }
            _ => None,
        }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn length(&mut self) -> Option<usize> {
        self.array().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn number(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// An epoch or the number of a record.
    fn whole(&mut self) -> Option<i64> {
        self.number()
            .filter(|number| number.fract() == 0.0 && number.abs() <= MOST_EXACT)
            .map(|number| number as i64)
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.block()?).ok()
    }
}
