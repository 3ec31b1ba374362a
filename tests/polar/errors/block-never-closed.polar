resource Repo {
  roles = ["reader"];

allow(_: User, "read", _: Repo);
allow(_: User, "write", _: Repo) if cut(;
