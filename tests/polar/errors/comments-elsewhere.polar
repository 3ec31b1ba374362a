// Readers; and others.
allow(_: User, "read", _: Repo);

/* Writers
   can't; read */
allow(_: User, "write", _: Repo);

-- Others.
allow(_: User, "list", _: Repo);   // Lists.
allow(_: User, unused, _: Repo);
