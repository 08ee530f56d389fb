//! What a shared library asks of the system that loads it (System V ABI, "Object Files"; Linux Standard Base,
//! "Symbol Versioning").

/// The kind of section that names versions of other libraries' symbols.
const VERSIONS_NEEDED: u32 = 0x6fff_fffe;

/// A version of the C library: 2 and 34 for `GLIBC_2.34`.
pub type Version = (u16, u16);

/// Why a file cannot be loaded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is another kind of file.
    #[error("it is no shared library for Linux on x86_64")]
    Kind,
    /// Its tables lead out of it.
    #[error("its tables are broken")]
    Broken,
}

/// Returns the newest version of the C library that a shared library for x86_64 asks for; None if it asks for
/// none.
///
/// # Errors
/// It is another kind of file, or broken.
pub fn newest_glibc(bytes: &[u8]) -> Result<Option<Version>, Refusal> {
    let elf = Elf(bytes);
    let is_library =
        bytes.starts_with(b"\x7fELF\x02\x01\x01") && elf.u16(16) == Ok(3) && elf.u16(18) == Ok(62);
    if !is_library {
        return Err(Refusal::Kind);
    }
    let mut newest = None;
    for section in elf.sections()? {
        if section.kind != VERSIONS_NEEDED {
            continue;
        }
        let names = elf.section(section.link)?;
        for name in elf.versions_needed(&section, &names)? {
            newest = newest.max(glibc(name));
        }
    }
    Ok(newest)
}

/// Refuses what asks for a newer C library than there is, or for none.
///
/// # Errors
/// What is wrong with it.
pub fn check_glibc(newest: Option<Version>, there: Version) -> Result<(), String> {
    let Some(newest) = newest else {
        return Err("it was built for another C library than glibc".to_owned());
    };
    if newest <= there {
        return Ok(());
    }
    let [(major, minor), (most_major, most_minor)] = [newest, there];
    Err(format!(
        "it needs glibc {major}.{minor}, and Lambda has {most_major}.{most_minor}"
    ))
}

/// Reads `GLIBC_2.34`, and `GLIBC_2.2.5`.
fn glibc(name: &[u8]) -> Option<Version> {
    let name = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut parts = name.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

struct Elf<'a>(&'a [u8]);

struct Section {
    kind: u32,
    at: usize,
    bytes: usize,
    link: usize,
    info: usize,
}

impl<'a> Elf<'a> {
    fn sections(&self) -> Result<Vec<Section>, Refusal> {
        let count = usize::from(self.u16(60)?);
        (0..count).map(|at| self.section(at)).collect()
    }

    fn section(&self, index: usize) -> Result<Section, Refusal> {
        let (table, entry_bytes) = (self.u64(40)?, usize::from(self.u16(58)?));
        let at = add(table, index.saturating_mul(entry_bytes))?;
        Ok(Section {
            kind: self.u32(add(at, 4)?)?,
            at: self.u64(add(at, 24)?)?,
            bytes: self.u64(add(at, 32)?)?,
            link: self.u32(add(at, 40)?)? as usize,
            info: self.u32(add(at, 44)?)? as usize,
        })
    }

    /// The names of a table of needed versions: for each library, a list of its versions.
    fn versions_needed(
        &self,
        section: &Section,
        names: &Section,
    ) -> Result<Vec<&'a [u8]>, Refusal> {
        let mut found = Vec::new();
        let mut library = section.at;
        // An entry has 16 bytes, so there are no more of them; the tables may lead in a circle.
        let most = section.bytes / 16;
        for _ in 0..section.info.min(most) {
            let count = usize::from(self.u16(add(library, 2)?)?);
            let mut version = add(library, self.u32(add(library, 8)?)? as usize)?;
            for _ in 0..count.min(most) {
                let name = self.u32(add(version, 8)?)? as usize;
                found.push(self.text(add(names.at, name)?)?);
                version = add(version, self.u32(add(version, 12)?)? as usize)?;
            }
            library = add(library, self.u32(add(library, 12)?)? as usize)?;
        }
        Ok(found)
    }

    fn text(&self, at: usize) -> Result<&'a [u8], Refusal> {
        let rest = self.0.get(at..).ok_or(Refusal::Broken)?;
        rest.split(|byte| *byte == 0).next().ok_or(Refusal::Broken)
    }

    fn u16(&self, at: usize) -> Result<u16, Refusal> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Result<u32, Refusal> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    fn u64(&self, at: usize) -> Result<usize, Refusal> {
        let number = self.bytes(at).map(u64::from_le_bytes)?;
        usize::try_from(number).map_err(|_| Refusal::Broken)
    }

    fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], Refusal> {
        let bytes = self
            .0
            .get(at..add(at, N)?)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or(Refusal::Broken)
    }
}

fn add(a: usize, b: usize) -> Result<usize, Refusal> {
    a.checked_add(b).ok_or(Refusal::Broken)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A library with one table of versions: of `libc.so.6` these.
    pub fn library(versions: &[&str]) -> Vec<u8> {
        let mut names = b"\0libc.so.6\0".to_vec();
        let mut table = Vec::new();
        let count = versions.len() as u16;
        for number in [1, count] {
            table.extend(number.to_le_bytes());
        }
        for number in [1_u32, 16, 0] {
            table.extend(number.to_le_bytes());
        }
        for version in versions {
            table.extend([0; 8]);
            table.extend((names.len() as u32).to_le_bytes());
            table.extend(16_u32.to_le_bytes());
            names.extend(version.as_bytes());
            names.push(0);
        }
        let mut bytes = vec![0; 64];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        bytes[16] = 3;
        bytes[18] = 62;
        bytes[58] = 64;
        bytes[60] = 2;
        let table_at = bytes.len();
        bytes.extend(&table);
        let names_at = bytes.len();
        bytes.extend(&names);
        let sections_at = bytes.len() as u64;
        bytes[40..48].copy_from_slice(&sections_at.to_le_bytes());
        for (kind, at, size, link, info) in [
            (3_u32, names_at, names.len(), 0_u32, 0_u32),
            (VERSIONS_NEEDED, table_at, table.len(), 0, 1),
        ] {
            let mut section = vec![0; 64];
            section[4..8].copy_from_slice(&kind.to_le_bytes());
            section[24..32].copy_from_slice(&(at as u64).to_le_bytes());
            section[32..40].copy_from_slice(&(size as u64).to_le_bytes());
            section[40..44].copy_from_slice(&link.to_le_bytes());
            section[44..48].copy_from_slice(&info.to_le_bytes());
            bytes.extend(section);
        }
        bytes
    }

    #[test]
    fn the_newest_version_is_found() {
        for (versions, expected) in [
            (&[][..], None),
            (&["GLIBC_2.2.5"], Some((2, 2))),
            (&["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.17"], Some((2, 34))),
            (&["GCC_3.0", "GLIBC_PRIVATE", "GLIBC_2.14"], Some((2, 14))),
        ] {
            assert_eq!(
                newest_glibc(&library(versions)),
                Ok(expected),
                "{versions:?}"
            );
        }
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(newest_glibc(b""), Err(Refusal::Kind));
        assert_eq!(newest_glibc(b"\x7fELF"), Err(Refusal::Kind));
        let mut arm = library(&[]);
        arm[18] = 183;
        assert_eq!(newest_glibc(&arm), Err(Refusal::Kind));
    }

    #[test]
    fn broken_files_are_refused_in_time() {
        let whole = library(&["GLIBC_2.17", "GLIBC_2.34"]);
        // The last fields of a section are not read.
        for end in 64..whole.len() - 16 {
            assert!(newest_glibc(&whole[..end]).is_err(), "{end}");
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                let _any = newest_glibc(&broken);
            }
        }
    }
}
