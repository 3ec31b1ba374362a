# The roles of oso before resource blocks: `enable_roles()` makes `role_allows` out of the
# rules below. They live beside the blocks, and share the class Organization with them.

resource(_type: Page, "page", actions, roles) if
  actions = ["read", "edit", "delete"] and
  roles = {
    guest: { permissions: ["read"] },
    editor: { permissions: ["edit"], implies: ["guest"] },
    admin: { permissions: ["delete"], implies: ["editor"] }
  };

# Whoever owns an organization administers each of its pages.
resource(_type: Organization, "organization", actions, roles) if
  actions = ["create_pages"] and
  roles = { owner: { permissions: ["create_pages"], implies: ["page:admin"] } };

parent_child(organization: Organization, page: Page) if
  organization = page.organization;

actor_has_role_for_resource(user: User, name, page: Page) if
  role in user.page_roles and
  role.name = name and
  role.page = page;

actor_has_role_for_resource(user: User, name, organization: Organization) if
  role in user.organization_roles and
  role.name = name and
  role.organization = organization;
