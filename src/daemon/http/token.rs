//! The bearer token: made once, kept in a file that only the user can read.

use super::super::error::DaemonError;
use super::super::lifecycle::write_private;
use super::super::place::Place;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

/// Random bytes in a token.
const TOKEN_BYTES: usize = 32;

/// The user's token, if there is one that nobody else can have read or written.
pub fn known_token(place: &Place) -> Option<String> {
    let path = place.token();
    let open = std::fs::metadata(&path).ok()?.permissions().mode() & 0o077 != 0;
    let text = std::fs::read_to_string(&path).ok()?;
    let text = text.trim();
    let whole = text.len() == 2 * TOKEN_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!open && whole).then(|| text.to_owned())
}

/// The user's token; made when there is none, or when it is none that could have been made here.
pub fn token(place: &Place) -> Result<String, DaemonError> {
    let path = place.token();
    if let Some(token) = known_token(place) {
        return Ok(token);
    }
    // One that is there somebody else may have read or written.
    crate::fs::remove_file(&path)?;
    place.make_folder()?;
    let token = random_hex(TOKEN_BYTES)?;
    write_private(&path, format!("{token}\n").as_bytes(), place.folder())?;
    Ok(token)
}

/// So many random bytes as hexadecimal text.
pub(super) fn random_hex(bytes: usize) -> Result<String, DaemonError> {
    let source = "/dev/urandom";
    let mut random = vec![0; bytes];
    let mut file = std::fs::File::open(source).map_err(DaemonError::io("open", source))?;
    file.read_exact(&mut random).map_err(DaemonError::io("read", source))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
