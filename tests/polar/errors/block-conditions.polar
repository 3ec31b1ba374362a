actor User {}

resource Repo {
  permissions = ["read", "push"];
  roles = ["reader"];

  "read" if "reader" and resource.name = opn;
  "push" if "reader" and x in actor.roles;
  "push" if is_open(resource) and resource matches { name: n };
  "push" if "reader" and is_opn(resource) and related_org = actor;
}

is_open(repo: Repo) if repo.name = "open";
has_role(user: User, name: String, _: Repo) if name in user.roles;
allow(actor, action, resource) if has_permission(actor, action, resource);
