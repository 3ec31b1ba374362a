allow(_: User, action, _: Repo) if action in ["read", "write";
allow(_: User, action, _: Repo) if action in ["list", "fork");
allow(_: User{name: "ann", "read", _: Repo);
allow(_: User{name: "ann", "list", _: Repo) if true;
allow(_: User, action, _: Repo) if action in "list"];
