# The roles of oso before resource blocks: `enable_roles()` makes `role_allows` out of the
# rules below.
allow(actor, action, resource) if
  role_allows(actor, action, resource);

resource(_type: Page, "page", actions, roles) if
  actions = ["read", "edit"] and
  roles = {
    reader: { permissions: ["read"] },
    editor: { permissions: ["edit"], implies: ["reader"] }
  };

# Roles reach from an organization to its pages.
resource(_type: Organization, "organization", actions, roles) if
  actions = ["DELETE"] and
  roles = {
    member: { implies: ["page:reader"] },
    owner: { permissions: ["DELETE"], implies: ["member", "page:editor"] }
  };

parent_child(organization: Organization, page: Page) if
  organization = page.organization;

actor_has_role_for_resource(user: User, name, resource) if
  role in user.roles and
  role.name = name and
  role.resource = resource;
