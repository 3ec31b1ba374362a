allow(_: User, "read, _: Repo);
allow(_: User, "write", _: Repo);
