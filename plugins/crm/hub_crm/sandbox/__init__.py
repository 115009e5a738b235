"""The CRMs' APIs on loopback. They share no code with the connector, or they would prove nothing."""
