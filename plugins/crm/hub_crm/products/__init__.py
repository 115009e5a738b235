"""One module per product. A module names its class ``PRODUCT``; nothing else has to know of it."""
