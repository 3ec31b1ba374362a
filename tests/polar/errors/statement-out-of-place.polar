allow(_: User, "read", _: Repo);;
}
allow(_: User, "write", _: Repo);
else allow(user: User, "list", _: Repo) if user.is_admin;
resource Repo {
  relations = { parent: Org }
  roles = ["reader"];
}
