actor Usr {}

resource Repo {
  permissions = ["read"];
  relations = { owner: Person };
}

allow(actor, action, resource) if has_permission(actor, action, resource);
has_permission(_: User, "read", _: Repo);
