resource Organization {
  roles = ["member", "owner"];
  permissions = ["read", "create_repositories"];

  "read" if "member";
  "create_repositories" if "owner";

  "member" if "owner";
}

has_role(user: User, name: String, organization: Organization) if
  role in user.organization_roles and
  role.name = name and
  role.organization = organization;
