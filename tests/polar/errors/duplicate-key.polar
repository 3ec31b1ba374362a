allow(_: User{name: "Ann", name: "Bob"}, "read", _: Repo);
