actor User {}

resource Repo {
  permissions = ["read"];
  roles = ["reader"];
  relations = { owner: User };

  "read" if "reader";
  "read" if "owner";
}

allow(actor, action, resource) if has_permission(actor, action, resource);
