actor User {}

resource Repo {
  permissions = ["read", "write"];

  "read" if "reader";
  "write" if "Read";
}

allow(actor, action, resource) if has_permission(actor, action, resource);
