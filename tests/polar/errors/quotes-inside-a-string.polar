allow(_: User, "say "hello" to them", _: Repo);
allow(_: User, f"read", _: Repo);
allow(_: User, r"list", _: Repo);
allow(_: User, "write, _: Repo);
