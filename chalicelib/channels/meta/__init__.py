"""The platforms of Meta, which share an envelope, a signature and a handshake."""
