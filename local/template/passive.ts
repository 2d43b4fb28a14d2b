import { createHash } from "node:crypto";
import type { CreatedResource, LocalContext } from "../service.ts";
import { isRecord, type Json } from "./template.ts";

/**
 * Resources that change nothing on a laptop: there is no IAM, no network and no deployment bucket. They get the
 * identifiers that others refer to. What stands neither here nor in a service is reported as not emulated.
 */
const PASSIVE: Readonly<Record<string, Identify>> = {
  "AWS::IAM::Role": named("RoleName", (name, { accountId }) => ({
    Arn: `arn:aws:iam::${accountId}:role/${name}`,
  })),
  "AWS::IAM::InstanceProfile": named("InstanceProfileName", (name, { accountId }) => ({
    Arn: `arn:aws:iam::${accountId}:instance-profile/${name}`,
  })),
  "AWS::IAM::User": named("UserName", (name, { accountId }) => ({
    Arn: `arn:aws:iam::${accountId}:user/${name}`,
  })),
  "AWS::IAM::Group": named("GroupName", (name, { accountId }) => ({
    Arn: `arn:aws:iam::${accountId}:group/${name}`,
  })),
  "AWS::IAM::Policy": named("PolicyName", () => ({})),
  "AWS::IAM::RolePolicy": named("PolicyName", () => ({})),
  "AWS::IAM::ManagedPolicy": ({ name, properties }, { accountId }) => {
    const arn = `arn:aws:iam::${accountId}:policy/${String(properties.ManagedPolicyName ?? name)}`;
    return { ref: arn, attributes: { PolicyArn: arn } };
  },
  "AWS::S3::Bucket": named("BucketName", (name) => ({
    Arn: `arn:aws:s3:::${name}`,
    DomainName: `${name}.s3.amazonaws.com`,
  })),
  "AWS::S3::BucketPolicy": named("Bucket", () => ({})),
  "AWS::SQS::QueuePolicy": named("Id", () => ({})),
  "AWS::SNS::TopicPolicy": named("Id", () => ({})),
  "AWS::Logs::ResourcePolicy": named("PolicyName", () => ({})),
  "AWS::EC2::VPC": identified("vpc", (id) => ({ VpcId: id })),
  "AWS::EC2::Subnet": identified("subnet", (id) => ({ SubnetId: id })),
  "AWS::EC2::SecurityGroup": identified("sg", (id) => ({ GroupId: id, Id: id })),
  "AWS::EC2::SecurityGroupIngress": identified("sgr", () => ({})),
  "AWS::EC2::SecurityGroupEgress": identified("sgr", () => ({})),
  "AWS::EC2::InternetGateway": identified("igw", (id) => ({ InternetGatewayId: id })),
  "AWS::EC2::VPCGatewayAttachment": identified("igw-attach", () => ({})),
  "AWS::EC2::RouteTable": identified("rtb", (id) => ({ RouteTableId: id })),
  "AWS::EC2::Route": identified("rtb-route", () => ({})),
  "AWS::EC2::SubnetRouteTableAssociation": identified("rtbassoc", (id) => ({ Id: id })),
  "AWS::EC2::LaunchTemplate": identified("lt", (id) => ({
    LaunchTemplateId: id,
    LatestVersionNumber: "1",
    DefaultVersionNumber: "1",
  })),
};

/** A resource of a template whose type no service takes. */
interface Subject {
  /** The name that CloudFormation would make up. */
  readonly name: string;
  readonly properties: Json;
}

type Where = Pick<LocalContext, "accountId" | "region">;
type Identify = (subject: Subject, where: Where) => CreatedResource;

function named(
  property: string,
  attributes: (name: string, where: Where) => Readonly<Record<string, string>>,
): Identify {
  return ({ name, properties }, where) => {
    const ref = String(properties[property] ?? name);
    return { ref, attributes: attributes(ref, where) };
  };
}

function identified(prefix: string, attributes: (id: string) => Readonly<Record<string, string>>): Identify {
  return ({ name }) => {
    const id = `${prefix}-${createHash("sha256").update(name).digest("hex").slice(0, 17)}`;
    return { ref: id, attributes: attributes(id) };
  };
}

export const isPassive = (type: string): boolean => Object.hasOwn(PASSIVE, type);

/** What `Ref` and `Fn::GetAtt` of a resource without effect give. */
export function identify(type: string, name: string, properties: unknown, where: Where): CreatedResource {
  const subject = { name, properties: isRecord(properties) ? properties : {} };
  return PASSIVE[type]?.(subject, where) ?? { ref: name, attributes: {} };
}
