resource Repo {
  roles = ["reader"]
  permissions = ["read"];
}
allow(_: User, "read", _: Repo) if 1;
