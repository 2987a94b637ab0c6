"""The platforms of Meta; they share an envelope, a signature and a handshake."""
