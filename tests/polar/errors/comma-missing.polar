allow(_: User "read", _: Repo);
allow(_: User, action, _: Repo) if action in ["list" "write"];
allow(user: User, "fork", repo: Repo) if owns(user repo);
allow(_: User{name: "ann" age: 3}, "fork", _: Repo);
