resource Repository {
  permissions = ["read"];
}

allow(actor, action, resource: Repo);
allow(_: User, "read");
allow(_: User, "write", repo: Repo) if is_writer(repo);
