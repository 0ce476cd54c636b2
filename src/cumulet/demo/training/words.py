"""What training and serving must do alike to a text."""

import ftfy


def mended(text: str) -> str:
    """Lower case, and the encoding mended: reviews carry text that was once decoded wrongly ("cafÃ©")."""
    return ftfy.fix_encoding(text).lower()
