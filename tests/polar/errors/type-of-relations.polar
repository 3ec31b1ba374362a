actor User {}

resource Repo {
  permissions = ["read"];
  relations = { owner: User };
  "read" if "owner";
}

has_relation(user: User, "owned", repo: Repo) if user = repo.owner;
has_relation(user: User, name: String, repo: Repo) if repo.(name) = user;
allow(actor, action, resource) if has_permission(actor, action, resource);
