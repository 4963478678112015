"""Which pictures the shop takes. What a file is, its first bytes say: its name and what the browser
calls it say anything."""

MOST_BYTES = 2 * 1024 * 1024
BEGINNING = 16  # so many bytes tell
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


def suffix_of(beginning: bytes) -> str | None:
    """`.jpg`, `.png` or `.webp` by how the file begins; None for whatever else it is."""
    if beginning.startswith(JPEG):
        return ".jpg"
    if beginning.startswith(PNG):
        return ".png"
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return ".webp"
    return None
