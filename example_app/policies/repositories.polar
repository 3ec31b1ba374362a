resource Repository {
  roles = ["reader", "contributor", "maintainer"];
  permissions = ["read", "edit", "delete", "create_issues"];
  relations = { organization: Organization };

  "read" if "reader";
  "create_issues" if "contributor";
  "edit" if "maintainer";
  "delete" if "owner" on "organization";

  "reader" if "contributor";
  "contributor" if "maintainer";

  "contributor" if "member" on "organization";
  "maintainer" if "owner" on "organization";
}

has_role(user: User, name: String, repository: Repository) if
  role in user.repository_roles and
  role.name = name and
  role.repository = repository;

has_relation(organization: Organization, "organization", repository: Repository) if
  repository.organization = organization;

# An attribute decides: everybody with an account reports issues in public.
has_permission(_user: User, "create_issues", repository: Repository) if
  repository.public;
