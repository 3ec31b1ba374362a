allow(_: User, "read", _: Repo{open: true;
allow(_: User, "write", _: Repo) if true or;
