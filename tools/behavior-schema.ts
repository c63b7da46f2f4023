/** `spec.behavior` of an autoscaler as JSON Schema, for the values of the chart. */
import Type from 'typebox';

const Rules = Type.Object(
  {
    stabilizationWindowSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
    selectPolicy: Type.Optional(Type.Enum(['Max', 'Min', 'Disabled'])),
    policies: Type.Optional(
      Type.Array(
        Type.Object(
          {
            type: Type.Enum(['Pods', 'Percent']),
            value: Type.Integer({ minimum: 1 }),
            periodSeconds: Type.Integer({ minimum: 1, maximum: 1800 }),
          },
          { additionalProperties: false },
        ),
        { minItems: 1 },
      ),
    ),
    tolerance: Type.Optional(
      Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: '^(\\d{1,3}(\\.\\d+)?|\\d{1,6}m)$' })]),
    ),
  },
  { additionalProperties: false },
);
export const Behavior = Type.Object(
  { scaleUp: Type.Optional(Rules), scaleDown: Type.Optional(Rules) },
  { additionalProperties: false },
);
