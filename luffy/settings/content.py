"""What a page may load and run (Content-Security-Policy): a name or a note with markup in it, were
it ever shown unescaped, runs no script and reaches no other host."""

from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from luffy.settings.web import MEDIA_URL

_PICTURES = urlsplit(MEDIA_URL)  # of courses: this host's, or those of MEDIA_URL's
PICTURES = [SELF, *([f"{_PICTURES.scheme}://{_PICTURES.netloc}"] if _PICTURES.netloc else [])]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        # No script in the page without the nonce of its answer. The theme's Alpine makes functions
        # of its attributes, which is what eval is for.
        "script-src": [SELF, NONCE, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],  # the theme's colours, the widths it reckons out
        "img-src": [*PICTURES, "data:"],  # the theme's icons
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
# The learner's pages: their own scripts and styles, the API, and pictures from where they are.
SHOP_CONTENT_SECURITY_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": PICTURES,
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
# Of what is no page: JSON, files.
CONTENT_SECURITY_POLICY_OF_DATA = {"default-src": [NONE], "frame-ancestors": [NONE]}
