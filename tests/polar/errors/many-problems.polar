allow(_: User, "read", _: Repo) if 1 < 2 < 3;
allow(_: User, "write", _: Repo) if true;
allow(_: User, @read, _: Repo);
type allow(user, action, resource) if true;
?= allow(1, 2, 3)
